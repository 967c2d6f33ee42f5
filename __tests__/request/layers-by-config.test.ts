import { handlersByConfig } from '../../lib/request/layers-by-config';

/** Handlers for one call, and what they did with its pass. */
function handlersOf(isReplay?: boolean) {
  const notes: unknown[] = [];
  const pass = isReplay !== undefined && {
    isReplay,
    capture: async (config: object) => ({ ...config, captured: true }),
    seal: (config: object) => ({ ...config, sealed: true }),
    observe: (response: unknown) => notes.push(response),
    observeFailure: (error: unknown) => notes.push(error),
    settle: async () => 'settled',
    settleFailure: async () => 'settled as a failure',
  };
  const open = (...told: unknown[]) => {
    notes.push(told);
    return pass || undefined;
  };
  return { handlers: handlersByConfig(open as never, () => (pass || undefined) as never), notes };
}

describe('a request on its way out', () => {
  test.each([
    ['is captured and sealed', false, { url: '/', captured: true, sealed: true }],
    ['is only sealed where it is a replay', true, { url: '/', sealed: true }],
    ['is left alone where it is none of ours', undefined, { url: '/' }],
  ])('%s', async (_what, isReplay, expected) => {
    const { handlers, notes } = handlersOf(isReplay);
    const config = { url: '/' };
    expect(await handlers.capture(config)).toEqual(expected);
    expect(notes).toEqual([[config, false]]);
  });
});

describe('an answer', () => {
  test.each([
    ['is noted and settled', false, 'settled', ['answer']],
    ['is only noted where it is a replay’s', true, 'answer', ['answer']],
    ['is left alone where it is none of ours', undefined, 'answer', []],
  ])('%s', async (_what, isReplay, expected, noted) => {
    const { handlers, notes } = handlersOf(isReplay);
    expect(await handlers.settle('answer' as never)).toBe(expected);
    expect(notes).toEqual(noted);
  });

  test.each([
    ['is noted and settled', false, 'settled as a failure', ['failure']],
    ['is only noted where it is a replay’s', true, 'rejected with failure', ['failure']],
    ['is left alone where it is none of ours', undefined, 'rejected with failure', []],
  ])('that is a failure %s', async (_what, isReplay, expected, noted) => {
    const { handlers, notes } = handlersOf(isReplay);
    const settled = Promise.resolve(handlers.settleFailure('failure')).catch(
      (error) => `rejected with ${error}`,
    );
    expect(await settled).toBe(expected);
    expect(notes).toEqual(noted);
  });
});
