/**
 * The hiccup and the storm as pictures: requests a second at the server over time, and callers that saw a failure; and what
 * callers see, for the project's README.
 */
import { axis, COLORS, outageBand, panelTitle, saveChart, valueLabel } from './support/charts.mjs';
import { loadResult } from './support/results.mjs';

const { blue, green, orange, red, purple, brown, gray } = COLORS;

/** What is drawn as a line, in which colour; ours thicker. Policies not named here are in the tables only. */
const HICCUP_LINES = {
  'no retries': { color: gray, type: 'dashed', z: 9 },
  'axios-retry, at its best': { color: orange },
  'retry-axios': { color: brown },
  ky: { color: purple },
  got: { color: red },
  'this library': { color: blue, width: 3 },
};
/** The laws of a three-second hiccup, as `__tests__/support/laws.ts` names them. */
const STORMS = [
  'refusing for 3 s at 25% load',
  'refusing for 3 s at 80% load',
  'stalling for 3 s at 25% load',
  'stalling for 3 s at 80% load',
];
const FLEETS = ['1 process', '10 to 20', '150 to 200', '800 to 1,000'];
const CASES = [
  { kind: 'flaky', perSecond: 100, title: 'fails one request in ten', color: gray },
  { kind: 'rejecting', perSecond: 50, title: 'down: answers 503', color: orange },
  { kind: 'stalling', perSecond: 50, title: 'down: never answers', color: blue },
];

drawCallers(loadResult('callers'));
drawHiccup(loadResult('hiccup'));
drawStorm(loadResult('storm'));

/** Four rows, two panels side by side: whom it failed, and how long the slowest waited. */
function drawCallers({ runs }) {
  const names = [...new Set(runs.map(({ name }) => name))];
  const kinds = [
    { scenario: 'three seconds of 503', title: 'it answers 503', color: orange },
    { scenario: 'three seconds of silence', title: 'it does not answer', color: blue },
  ];
  const panels = [
    { title: 'Failed callers, of 1,000', value: ({ failedCallers }) => failedCallers },
    {
      title: 'The longest wait, in seconds',
      value: ({ slowestMs }) => Number((slowestMs / 1000).toFixed(1)),
    },
  ];
  const grid = [
    { left: 190, top: 150, width: 290, bottom: 30 },
    { left: 540, top: 150, width: 290, bottom: 30 },
  ];
  saveChart('callers.svg', {
    title: 'A server is down for three seconds',
    subtitle:
      'Real HTTP, 50 calls a second, one second per attempt, each library in its defaults where its name says no more',
    height: 400,
    option: {
      legend: { top: 66, data: kinds.map(({ title }) => title) },
      grid,
      title: panels.map(({ title }, n) => panelTitle(title, grid[n].left - 6, grid[n].top - 30)),
      xAxis: panels.map((_, gridIndex) => axis({ type: 'value', gridIndex, splitNumber: 4 })),
      yAxis: panels.map((_, gridIndex) =>
        axis({
          type: 'category',
          gridIndex,
          data: names,
          inverse: true,
          axisLabel: gridIndex === 0 ? { fontSize: 12.5 } : { show: false },
        }),
      ),
      series: panels.flatMap(({ value }, n) =>
        kinds.map(({ scenario, title, color }) => ({
          type: 'bar',
          name: title,
          color,
          xAxisIndex: n,
          yAxisIndex: n,
          data: names.map((name) =>
            value(runs.find((run) => run.scenario === scenario && run.name === name)),
          ),
          barGap: '10%',
          label: valueLabel,
        })),
      ),
    },
  });
}

function drawHiccup({ settings, runs }) {
  const { bin, outageStart, outageEnd, capacityPerSecond } = settings;
  const load = `50 calls a second to a server that can do ${capacityPerSecond}; it is down for 3 seconds`;
  const of = (kind, perSecond) => runs.filter((run) => run.kind === kind && run.perSecond === perSecond);
  const panels = ['rejecting', 'stalling'].map((kind) => ({
    title: kind === 'rejecting' ? 'It answers 503 at once' : 'It takes requests and does not answer',
    lines: of(kind, 50).map(({ name, perBin }) => ({
      name,
      points: perBin.map((count, n) => [((n + 0.5) * bin) / 1000, (count * 1000) / bin]),
    })),
  }));
  saveChart('hiccup-requests.svg', {
    title: 'The hiccup: what the server gets to bear',
    subtitle: `Requests a second at the server. Real HTTP, one client process, ${load}`,
    height: 690,
    option: linePanels(panels, HICCUP_LINES, {
      columns: 1,
      bottom: 690,
      outage: [outageStart / 1000, outageEnd / 1000],
      until: 20,
    }),
  });
  drawWaits(settings, of('rejecting', 50));
  const names = [...new Set(runs.map(({ name }) => name))];
  saveChart('hiccup-failed-callers.svg', {
    title: 'Callers that saw a failure when the server was flaky, or down for 3 seconds',
    subtitle: `In percent. Real HTTP, one client process, 50 calls a second (flaky: 100) to a server that can do ${capacityPerSecond}`,
    height: 620,
    option: bars(
      names,
      CASES.map(({ kind, perSecond, title, color }) => ({
        name: title,
        color,
        values: names.map((name) => {
          const { failedCallers, callers } = of(kind, perSecond).find((run) => run.name === name);
          return Number(((100 * failedCallers) / callers).toFixed(1));
        }),
      })),
      { left: 250, top: 110, right: 70, bottom: 40 },
    ),
  });
}

/** How long those waited whom nobody failed, beside what no client can beat: the end of the outage. */
function drawWaits({ outageStart, outageEnd }, runs) {
  const down = (outageEnd - outageStart) / 1000;
  const patient = runs.filter(({ failedCallers }) => failedCallers === 0);
  saveChart('hiccup-waits.svg', {
    title: 'How long callers caught in the outage waited, where none of them failed',
    subtitle: `Seconds. A server that answers 503 for ${down} s, 50 calls a second. Those who called first wait ${down} s with any client, half of all ${down / 2} s`,
    height: 330,
    option: bars(
      patient.map(({ name }) => name),
      [
        {
          name: 'half of them',
          color: green,
          values: patient.map(({ caughtMsP50 }) => Number((caughtMsP50 / 1000).toFixed(1))),
        },
        {
          name: 'the slowest',
          color: orange,
          values: patient.map(({ slowestMs }) => Number((slowestMs / 1000).toFixed(1))),
        },
      ],
      { left: 250, top: 110, right: 70, bottom: 40 },
    ),
  });
}

/** Without retries beside this library, in each size of fleet: the worst of all storms. */
function drawStorm({ rows, none }) {
  const failed = (of, law, fleet) =>
    of
      .filter((row) => row.law === law && row.fleet === fleet)
      .flatMap(({ worst }) => worst.filter(({ metric }) => metric === 'failedPercent'))
      .reduce((most, { value }) => Math.max(most, value), 0);
  const names = STORMS.flatMap((law) => FLEETS.map((fleet) => `${law}, ${fleet}`));
  const values = (of) =>
    STORMS.flatMap((law) => FLEETS.map((_, fleet) => Number(failed(of, law, fleet).toFixed(2))));
  saveChart('storm-failed-callers.svg', {
    title: 'The storm: callers that saw a failure, in percent of all',
    subtitle:
      'Simulated, the worst of all storms: server down for 3 of 40 seconds, fleets of 1 to 1,000 processes',
    height: 760,
    option: bars(
      names,
      [
        { name: 'no retries', color: gray, values: values(none) },
        { name: 'this library', color: blue, values: values(rows) },
      ],
      { left: 310, top: 110, right: 70, bottom: 40 },
    ),
  });
}

/** Panels of lines in one or two columns, all on the same scales, with one legend for all. */
function linePanels(panels, lines, { columns, bottom, outage, until }) {
  const top = 145;
  const rows = panels.length / columns;
  const rowHeight = (bottom - top) / rows;
  const width = 860 / columns;
  const grid = panels.map((_, n) => ({
    left: 60 + (n % columns) * width,
    top: top + Math.floor(n / columns) * rowHeight,
    width: width - 50,
    height: rowHeight - 60,
  }));
  return {
    legend: { top: 66, icon: 'roundRect', itemWidth: 22, itemHeight: 3, data: Object.keys(lines) },
    grid,
    title: panels.map(({ title }, n) => panelTitle(title, grid[n].left - 6, grid[n].top - 30)),
    xAxis: panels.map((_, gridIndex) =>
      axis({
        type: 'value',
        gridIndex,
        min: 0,
        max: until,
        lines: false,
        axisLabel: { formatter: '{value} s' },
      }),
    ),
    yAxis: panels.map((_, gridIndex) => axis({ type: 'value', gridIndex })),
    series: panels.flatMap((panel, n) =>
      Object.entries(lines).map(
        ([name, { color, width: lineWidth = 1.6, type = 'solid', z = 2 }], index) => ({
          type: 'line',
          name,
          color,
          xAxisIndex: n,
          yAxisIndex: n,
          symbol: 'none',
          z,
          lineStyle: { width: lineWidth, type },
          data: panel.lines.find((line) => line.name === name).points.filter(([second]) => second <= until),
          ...(index === 0 && { markArea: outageBand(...outage) }),
        }),
      ),
    ),
  };
}

function bars(names, series, grid) {
  return {
    legend: { top: 66, data: series.map(({ name }) => name) },
    grid,
    xAxis: axis({ type: 'value' }),
    yAxis: axis({ type: 'category', data: names, inverse: true, axisLabel: { fontSize: 12.5 } }),
    series: series.map(({ name, color, values }) => ({
      type: 'bar',
      name,
      color,
      data: values,
      barGap: '10%',
      label: valueLabel,
    })),
  };
}
