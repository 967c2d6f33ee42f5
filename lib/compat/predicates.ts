/**
 * axios-retry's answers to: may this failure be retried? The same answers as theirs, for the conditions that people have
 * built on them.
 */
import type { AxiosError } from 'axios';

/**
 * What axios-retry takes for hopeless: no such host, no network, and whatever OpenSSL's verification of certificates
 * reports. Any other code, one that nobody has heard of included, is worth a retry.
 */
const HOPELESS_CODES: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ENETUNREACH',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CRL_SIGNATURE_FAILURE',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'OUT_OF_MEM',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
]);

/** In axios' spelling: it puts the method of every config in lower case. */
const SAFE_METHODS: ReadonlySet<unknown> = new Set(['get', 'head', 'options']);
const IDEMPOTENT_METHODS: ReadonlySet<unknown> = new Set([...SAFE_METHODS, 'put', 'delete']);

/** No response, and a code that is neither axios' timeout, nor a cancellation, nor hopeless. */
export function isNetworkError(error: unknown): boolean {
  const { response, code } = error as Partial<AxiosError>;
  if (response || !code || code === 'ERR_CANCELED' || code === 'ECONNABORTED') return false;
  return !HOPELESS_CODES.has(code);
}

/** No response and no timeout of axios', or a status of 429 or from 500 to 599. */
export function isRetryableError({ code, response }: AxiosError): boolean {
  if (code === 'ECONNABORTED') return false;
  return !response || response.status === 429 || (response.status >= 500 && response.status <= 599);
}

/** {@link isRetryableError}, of a GET, HEAD or OPTIONS. */
export function isSafeRequestError(error: AxiosError): boolean {
  return SAFE_METHODS.has(error.config?.method) && isRetryableError(error);
}

/** {@link isRetryableError}, of a GET, HEAD, OPTIONS, PUT or DELETE. */
export function isIdempotentRequestError(error: AxiosError): boolean {
  return IDEMPOTENT_METHODS.has(error.config?.method) && isRetryableError(error);
}

/** What is retried unless you say otherwise. */
export function isNetworkOrIdempotentRequestError(error: AxiosError): boolean {
  return isNetworkError(error) || isIdempotentRequestError(error);
}
