/** The axios that the bundled tests get. */
import axios from 'axios-under-test';

// Before 1.2, axios did not take adapters by name. Its default in Node is the http adapter.
if (/^1\.[01]\./.test(axios.VERSION)) {
  const { create } = axios;
  axios.create = ({ adapter, ...config } = {}) =>
    create({ ...config, ...(adapter !== 'http' && { adapter }) });
}
globalThis.axiosVersion = axios.VERSION;

export default axios;
export const { AxiosError, AxiosHeaders, CanceledError, getAdapter } = axios;
