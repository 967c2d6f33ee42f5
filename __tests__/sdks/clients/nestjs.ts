import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { firstValueFrom } from 'rxjs';
import { json, sdk } from '../sdk';

export const nestjs = sdk({
  name: '@nestjs/axios',
  file: 'nestjs',
  attached: {
    first({ timeout, attachRetry }) {
      // #region first
      const instance = axios.create({ timeout });
      attachRetry(instance);
      const service = new HttpService(instance);
      // #endregion
      return service;
    },
    last({ timeout, attachRetry }) {
      // #region last
      const service = new HttpService(axios.create({ timeout }));
      attachRetry(service.axiosRef);
      // #endregion
      return service;
    },
  },
  call: async (service, url) => (await firstValueFrom(service.put(`${url}/orders/1`, { total: 3 }))).data,
  answer: json({ id: 1, total: 3 }),
  notes: ['Under `HttpModule`, attach to the injected service’s `axiosRef` in `onModuleInit`.'],
});
