import { FAULTS, makeTools, meet } from '../support/faults';

test('dump', async () => {
  const tools = await makeTools();
  const only = process.env.ONLY;
  for (const fault of FAULTS)
    for (const adapter of ['http', 'fetch'] as const) {
      if (only && !fault.name.includes(only)) continue;
      if (!fault.expected[adapter]) continue;
      const rows = await Promise.all(
        (['once', 'always', 'post'] as const).map((s) =>
          fault.lasting && s === 'once'
            ? undefined
            : Promise.race([
                meet(fault, adapter, s, tools),
                new Promise((r) => setTimeout(r, 5000, 'HANG')),
              ]).catch((e) => 'threw ' + e.stack),
        ),
      );
      process.stdout.write(
        fault.name +
          ' | ' +
          adapter +
          '\n' +
          rows
            .map(
              (r: any) =>
                '    ' +
                (typeof r === 'object' && r
                  ? `${r.outcome} att=${r.attempts} req=${r.requests} end=${r.end} to=${r.timeouts} ms=${Math.round(r.elapsed)}`
                  : r),
            )
            .join('\n') +
          '\n',
      );
    }
  tools.release();
}, 120000);
