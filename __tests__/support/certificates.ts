/** Certificates made for the moment: one that is fine, and the ones that clients must refuse. */
import tls from 'node:tls';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** Signed by the test's own authority, which {@link trust} has clients trust. */
  readonly fine: Certificate;
  readonly selfSigned: Certificate;
  /** Of the trusted authority, but for another host. */
  readonly wrongName: Certificate;
  /** Of the trusted authority, for this host, but yesterday. */
  readonly expired: Certificate;
  readonly authority: string;
}

const DAY = 86_400_000;

export async function makeCertificates(): Promise<Certificates> {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'Test authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const make = async (host: 'localhost' | 'elsewhere.test', options: object = {}): Promise<Certificate> => {
    const made = await generate([{ name: 'commonName', value: host }], {
      ...common,
      extensions: [
        { name: 'basicConstraints', cA: false },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: host },
            ...(host === 'localhost' ? [{ type: 7, ip: '127.0.0.1' } as const] : []),
          ],
        },
      ],
      ...options,
    });
    return { key: made.private, cert: made.cert };
  };
  const ca = { key: authority.private, cert: authority.cert };
  const expiry = { notBeforeDate: new Date(Date.now() - 2 * DAY), notAfterDate: new Date(Date.now() - DAY) };
  return {
    fine: await make('localhost', { ca }),
    selfSigned: await make('localhost'),
    wrongName: await make('elsewhere.test', { ca }),
    expired: await make('localhost', { ca, ...expiry }),
    authority: authority.cert,
  };
}

/**
 * Has this process trust a certificate authority. Under `tls`, because Node's fetch takes no authority from a request.
 * @returns what undoes it
 */
export function trust(authority: string): () => void {
  const { createSecureContext } = tls;
  tls.createSecureContext = (options) =>
    createSecureContext({ ...options, ca: options?.ca ?? [...tls.rootCertificates, authority] });
  return () => {
    tls.createSecureContext = createSecureContext;
  };
}
