/**
 * The idempotency key of a logical request, and the headers that go with every attempt.
 */
import type { AxiosRequestConfig } from 'axios';
import { v4 as uuid } from 'uuid';
import type { ResolvedPolicy } from '../policy/policy';
import { idempotencyKeyValue } from '../policy/validation';
import { headerOf, isHeader } from './server-hint';

/** RFC 9110 section 9.2.1. They change nothing, so a key is of no use, and would cost browsers a CORS preflight. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/**
 * The key of an attempt's config: the header that is there already, else the one that the policy wants.
 * @throws TypeError or RangeError if the policy's function returns what no header may carry
 */
export function idempotencyKeyOf(config: AxiosRequestConfig, policy: ResolvedPolicy): string | undefined {
  const present = keyOnConfig(config, policy);
  if (present) return present;
  const { idempotencyKey } = policy;
  if (typeof idempotencyKey === 'string') return idempotencyKey;
  if (typeof idempotencyKey === 'function') {
    const key = idempotencyKey(config);
    idempotencyKeyValue(key, 'what retryPolicy.idempotencyKey returned');
    return key;
  }
  return idempotencyKey && !SAFE_METHODS.has(String(config.method).toUpperCase()) ? newKey() : undefined;
}

/** The key that an attempt's config carries, in a header of any case. */
export function keyOnConfig(config: { headers?: unknown }, policy: ResolvedPolicy): string | undefined {
  return headerOf(config.headers, policy.idempotencyKeyHeader.toLowerCase());
}

/** Node 18 and React Native have no global `crypto`. A key need not be secret, only nobody else's. */
function newKey(): string {
  if (globalThis.crypto) return uuid();
  return uuid({ random: Uint8Array.from({ length: 16 }, () => Math.random() * 256) });
}

/** Sets a header, whatever its case on the config so far. */
export function setHeader(config: { headers?: unknown }, name: string, value: string): void {
  const headers = (config.headers ?? {}) as Record<string, unknown>;
  deleteHeader(headers, name);
  headers[name] = value;
  config.headers = headers;
}

/** Deletes a header, whatever its case. */
export function deleteHeader(headers: Record<string, unknown>, name: string): void {
  const lower = name.toLowerCase();
  for (const key of Object.keys(headers)) if (isHeader(key, lower)) delete headers[key];
}
