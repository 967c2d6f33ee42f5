/** SDKs whose instance is a type of their own, or of a class. */
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { attachRetry } from 'axios-retry-budget';
import { createHttpClient } from 'contentful-sdk-core';

attachRetry(new HttpService().axiosRef, { maxRetries: 2 });
attachRetry(createHttpClient(axios, { accessToken: 'token', retryOnError: false }));
