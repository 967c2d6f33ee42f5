/** One module that owns the HttpService of an upstream and its retries, and a service that uses it. */
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { type AttachedRetry, attachRetry } from 'axios-retry-budget';
import { firstValueFrom } from 'rxjs';

export const RETRY = Symbol('What attachRetry returned: inject it for a health page');

/**
 * Import it wherever the upstream is called. `HttpModule.register` makes a new axios instance each time, so this is
 * the one place to call it; without `register` it is the global axios.
 */
@Module({})
export class UpstreamModule implements OnModuleDestroy {
  @Inject(RETRY) private readonly retry!: AttachedRetry;

  static register(baseURL: string): DynamicModule {
    return {
      module: UpstreamModule,
      imports: [HttpModule.register({ baseURL, timeout: 2_000 })],
      providers: [
        {
          provide: RETRY,
          inject: [HttpService],
          useFactory: ({ axiosRef }: HttpService) =>
            attachRetry(axiosRef, { maxRetries: 3, backoff: { initialDelay: 20 } }),
        },
      ],
      exports: [HttpModule, RETRY],
    };
  }

  /** Requests that wait for a retry end now, and not when the process does. */
  onModuleDestroy(): void {
    this.retry.detach();
  }
}

@Injectable()
export class OrdersService {
  @Inject(HttpService) private readonly http!: HttpService;

  async find(id: string): Promise<unknown> {
    return (await firstValueFrom(this.http.get(`/orders/${encodeURIComponent(id)}`))).data;
  }

  /** A POST, so it needs a key to be retried. */
  async place(order: object): Promise<unknown> {
    const response = this.http.post('/orders', order, { retryPolicy: { idempotencyKey: true } });
    return (await firstValueFrom(response)).data;
  }
}

export function appModule(upstream: string): DynamicModule {
  return {
    module: class AppModule {},
    imports: [UpstreamModule.register(upstream)],
    providers: [OrdersService],
  };
}
