/** What an older axios or another runtime does not have, or does otherwise. Tests whose name matches are skipped there. */
const SKIPS = [
  {
    tests: /fetch(?! adapter does not have)|web ReadableStream|short soak/,
    before: 7,
    because: 'the fetch adapter came with axios 1.7',
  },
  { tests: /in the order of their registration/, before: 13, because: 'that order came with axios 1.13' },
  { tests: /held up in a adapter/, before: 6, because: '`getAdapter` came with axios 1.6' },
  { tests: /HTTP\/2/, before: 13, because: 'HTTP/2 came with axios 1.13' },
  { tests: /tunnel/, before: 17, because: 'tunnels through proxies came with axios 1.17' },
  { tests: /The name service does not answer/, before: 6, because: '`lookup` came with axios 1.6' },
  { tests: /Blob|FormData/, before: 3, because: 'axios takes native Blobs and FormData from 1.3 on' },
  {
    tests: /a 503 whose body does not parse/,
    before: 13,
    because: 'axios before 1.13 drops the response where its body does not parse',
  },
  {
    tests: /fetch adapter › leaves an attempt’s own timeout what it is/,
    before: 14,
    because: 'axios before 1.14 words the fetch adapter’s timeout otherwise',
  },
  {
    tests: /token refresher|re-sending the config/,
    before: 2,
    because: 'axios before 1.2 cannot send the config of an error or a response again (its headers break)',
  },
  {
    tests: /none is left under a time budget by an error without a config/,
    before: 2,
    because:
      'axios 1.0 does not come back to response interceptors where its adapter or a transform throws at once',
  },
  { tests: /Proxies/, before: 2, because: 'axios before 1.2 does not take the `host` of a proxy' },
  {
    tests: /headers set to null|make the same URL/,
    before: 2,
    because: 'axios before 1.2 has these wrong without retries, too',
  },
  {
    tests: /over the fetch adapter › is sent/,
    runtimes: ['bun', 'deno'],
    because: 'fetch in bun and deno does not say where a connection failed, so a POST is not sent again',
  },
  {
    tests: /also when it stalls/,
    because: 'how axios wraps streams differs, and so which of them it cannot let go',
  },
  { tests: /docs\/faults\.md/, because: 'the page is of one version of axios and of Node' },
];

const runtime = globalThis.Deno ? 'deno' : process.versions.bun ? 'bun' : 'node';

/** @returns why a test is skipped here, if it is */
export function reasonToSkip(name) {
  if (globalThis.axiosVersion === undefined) return undefined;
  const minor = Number(globalThis.axiosVersion.split('.')[1]);
  return SKIPS.find(
    ({ tests, before = Number.POSITIVE_INFINITY, runtimes = [runtime] }) =>
      tests.test(name) && minor < before && runtimes.includes(runtime),
  )?.because;
}
