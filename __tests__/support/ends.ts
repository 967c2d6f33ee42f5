/** What calls came to, in words that can be compared from one server to another. */

/** What a promise is fulfilled with, as JSON has it; or as much of its error as says what it is. */
export async function endOf(promise: Promise<unknown>, url: string): Promise<unknown> {
  const end = await promise.catch((error) => summaryOf(error, url));
  return JSON.parse(JSON.stringify(end ?? null));
}

function summaryOf(error: Record<string, unknown>, url: string): object {
  const { name, message, code, status, statusCode } = error;
  const { host } = new URL(url);
  return { name, message: String(message).replaceAll(host, 'host'), code, status: status ?? statusCode };
}
