/** An instance whose types came by `import`, and one whose came by `require`: two types, whichever of them this file itself has. */
import { attachRetry } from 'axios-retry-budget';

type OfEsm = import('axios-under-test', { with: { 'resolution-mode': 'import' }}).AxiosInstance;
type OfCjs = import('axios-under-test', { with: { 'resolution-mode': 'require' }}).AxiosInstance;

declare const ofEsm: OfEsm;
declare const ofCjs: OfCjs;
attachRetry(ofEsm);
attachRetry(ofCjs);
