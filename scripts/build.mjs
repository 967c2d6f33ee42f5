/** npm run build [-- --logLevel warn]: tsdown, without what its command line says about Node 20. */
import { build } from 'tsdown';

const { argv } = process;
const at = argv.indexOf('--logLevel');
await build({ logLevel: at > 0 ? argv[at + 1] : 'info' });
