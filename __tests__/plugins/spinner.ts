/** The spinner that every second codebase has: one interceptor counts up, the other down. */
import type { AxiosInstance } from 'axios';

export interface Spinner {
  /** Requests that it takes to be under way, each time it changed. */
  readonly history: number[];
}

export function attachSpinner({ interceptors }: AxiosInstance): Spinner {
  const history: number[] = [];
  // #region spinner
  let pending = 0;
  const show = () => history.push(pending);
  interceptors.request.use((config) => {
    pending++;
    show();
    return config;
  });
  const done = () => {
    pending--;
    show();
  };
  interceptors.response.use(
    (response) => {
      done();
      return response;
    },
    (error) => {
      done();
      return Promise.reject(error);
    },
  );
  // #endregion
  return { history };
}
