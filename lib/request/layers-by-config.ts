/**
 * Retrying where no chain can be built, as axios' own managers let us: a call is found by its config, and replays run all of the chain.
 */
import type { Open, OwnHandlers, Pass } from './layers-words';

/** For managers without `forEach`, none of axios' own. */
export function handlersByConfig<Config>(
  open: Open<Config>,
  passOf: (answer: unknown) => Pass<Config> | undefined,
): OwnHandlers<Config> {
  return {
    async capture(config) {
      const pass = open(config, false);
      if (!pass) return config;
      return pass.seal(pass.isReplay ? config : await pass.capture(config));
    },
    settle(response) {
      const pass = passOf(response);
      pass?.observe(response);
      return pass?.isReplay === false ? pass.settle(response) : response;
    },
    settleFailure(error) {
      const pass = passOf(error);
      if (!pass) return Promise.reject(error);
      pass.observeFailure(error);
      return pass.isReplay ? Promise.reject(error) : pass.settleFailure(error);
    },
  };
}
