/** Two clients, one server, one button. */
import axios from 'axios';
import { attachRetry, retryStateOf } from 'axios-retry-budget';
import { Timeline } from './timeline.mjs';

const CALLS_PER_SECOND = 4;
const TIMEOUT = 1_000;

const plain = { client: axios.create({ timeout: TIMEOUT }), ...panel('plain', 5) };
const retrying = { client: axios.create({ timeout: TIMEOUT }), ...panel('retrying', 28) };
const retry = attachRetry(retrying.client);

// A request interceptor runs for every attempt, of which the server gets one request each.
for (const { client, counts } of [plain, retrying]) {
  client.interceptors.request.use((config) => {
    counts.sent++;
    config.drawing.attempt();
    return config;
  });
}

/** What the caller does: it asks once, and gets an answer or an error. */
async function call({ client, counts, timeline }) {
  const drawing = new Drawing(timeline.request());
  counts.asked++;
  counts.pending++;
  try {
    const response = await client.get('/orders', {
      drawing,
      retryPolicy: { onRetry: () => drawing.wait() },
    });
    counts.answered++;
    drawing.end('answered');
    tell(response);
  } catch (error) {
    counts.failed++;
    drawing.end('failed');
    tell(error);
  } finally {
    counts.pending--;
  }
}

/** On the config, where axios copies plain objects but passes instances of classes. */
class Drawing {
  constructor(row) {
    this.attempt = row.attempt;
    this.wait = row.wait;
    this.end = row.end;
  }
}

const note = document.querySelector('output');

/** The retry state of the last request that was retried. */
function tell(responseOrError) {
  const state = retryStateOf(responseOrError);
  if (!state?.retries) return;
  const [{ status, code }] = state.failures;
  const seconds = (state.elapsed / 1_000).toFixed(1);
  note.value = `Last retried: ${state.attempts} attempts in ${seconds} s, first failure ${status ?? code}, outcome “${state.outcome}”`;
}

/** The counters and the timeline of one client. */
function panel(id, rows) {
  const section = document.getElementById(id);
  const counts = { asked: 0, answered: 0, failed: 0, pending: 0, sent: 0 };
  const names = {
    asked: 'asked',
    answered: 'answered',
    failed: 'failed',
    pending: 'pending',
    sent: 'requests sent',
  };
  const cells = Object.entries(names).map(([key, name]) => {
    const cell = document.createElement('dd');
    cell.className = key;
    const title = document.createElement('dt');
    title.textContent = name;
    const pair = document.createElement('div');
    pair.append(title, cell);
    section.querySelector('dl').append(pair);
    return [key, cell];
  });
  const show = () => {
    for (const [key, cell] of cells) {
      cell.textContent = counts[key];
      cell.dataset.value = counts[key];
    }
    requestAnimationFrame(show);
  };
  show();
  return { counts, timeline: new Timeline(section.querySelector('svg'), rows) };
}

const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const broken = !document.body.classList.contains('broken');
  const way = broken ? new FormData(form).get('way') : 'fine';
  await axios.post('/break', null, { params: { way } });
  document.body.classList.toggle('broken', broken);
  form.querySelector('button').textContent = broken ? 'Mend the server' : 'Break the server';
  for (const { timeline } of [plain, retrying]) timeline.setBroken(broken);
});

setInterval(() => {
  call(plain);
  call(retrying);
}, 1_000 / CALLS_PER_SECOND);

// For the curious, in the console: retry.origins()
Object.assign(globalThis, { retry });
