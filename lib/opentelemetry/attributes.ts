/**
 * Attributes, named after OpenTelemetry's conventions for HTTP clients. No URL, no path and no header ever becomes one.
 */
import type { Attributes } from '@opentelemetry/api';
import type { SettledEvent } from '../policy/events';

/** Methods that there are (RFC 9110 section 9, RFC 5789, QUERY). Others would be a series for each word a caller makes up. */
const METHODS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
]);

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

export function methodAttribute(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}

/** @param origin as `origins()` spells it */
export function serverAttributes(origin: string): Attributes {
  if (origin.startsWith('unix:')) return { 'server.address': origin.slice('unix:'.length) };
  try {
    const { protocol, hostname, port } = new URL(origin);
    const number = port ? Number(port) : DEFAULT_PORTS[protocol];
    // The brackets of an IPv6 address belong to the URL.
    const address = hostname.replace(/^\[(.*)\]$/, '$1');
    return { 'server.address': address, ...(number !== undefined && { 'server.port': number }) };
  } catch {
    // No URL: what comes before the host may be a password.
    return { 'server.address': origin.replace(/^.*[@/]/, '') };
  }
}

/** A status, a code, or a class of errors: there are few of each. */
export function errorType({ error }: SettledEvent): string {
  const { response, code, name } = (error ?? {}) as {
    response?: { status?: unknown } | null;
    code?: unknown;
    name?: unknown;
  };
  if (typeof response?.status === 'number') return String(response.status);
  return [code, name].find(isShortName) ?? '_OTHER';
}

function isShortName(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,60}$/.test(value);
}
