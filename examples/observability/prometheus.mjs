/** Prometheus itself, scraping one service once a second; its files are thrown away with it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

/** @param target host and port of the service */
export async function startPrometheus(target) {
  if (spawnSync('prometheus', ['--version']).error) {
    throw new Error('This needs prometheus: .ci/install-debian-packages prometheus');
  }
  const dir = mkdtempSync(join(tmpdir(), 'prometheus-of-an-example-'));
  writeFileSync(
    join(dir, 'prometheus.yml'),
    `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: gateway, static_configs: [{ targets: ['${target}'] }] }]
`,
  );
  const port = await freePort();
  const args = ['--config.file', join(dir, 'prometheus.yml'), '--storage.tsdb.path', join(dir, 'data')];
  const child = spawn('prometheus', [
    ...args,
    '--web.listen-address',
    `127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  const complaints = [];
  child.stderr.on('data', (data) => complaints.push(data));
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);

  const ask = async (path, parameters = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(parameters)}`);
    return { ok: response.ok, body: await response.text() };
  };
  const isReady = () =>
    ask('/-/ready').then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${Buffer.concat(complaints)}`);
    await sleep(50);
  }

  /** @returns what Prometheus answers: a list of `{ metric, value }` */
  async function query(expression) {
    const { data, error } = JSON.parse((await ask('/api/v1/query', { query: expression })).body);
    if (error) throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  return {
    query,
    /** Waits until Prometheus has scraped what makes the answer so. */
    async until(expression, isSo) {
      const endsAt = performance.now() + 30_000;
      for (;;) {
        const result = await query(expression);
        if (isSo(result)) return result;
        if (performance.now() > endsAt)
          throw new Error(`${expression} is, after 30 s: ${JSON.stringify(result)}`);
        await sleep(100);
      }
    },
    async stop() {
      process.off('exit', end);
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(dir, { recursive: true });
    },
  };
}
