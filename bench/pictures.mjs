/**
 * The hiccup and the storm as pictures: requests a second at the server over time, and callers that saw a failure.
 */
import { axis, COLORS, outageBand, panelTitle, SHADES, saveChart, valueLabel } from './support/charts.mjs';
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
const STORM_LINES = {
  'no retries': { color: gray, type: 'dashed', z: 9 },
  "axios-retry's rules": { color: orange },
  'retries without a budget': { color: red },
  "the article's budget": { color: purple },
  'default budget': { color: blue, width: 3 },
  "default budget, 'wait'": { color: green, width: 3 },
};
const CASES = [
  { kind: 'flaky', perSecond: 100, title: 'fails one request in ten', color: gray },
  { kind: 'rejecting', perSecond: 50, title: 'down: answers 503', color: orange },
  { kind: 'stalling', perSecond: 50, title: 'down: never answers', color: blue },
];

drawHiccup(loadResult('hiccup'));
drawStorm(loadResult('storm'));

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

function drawStorm({ settings, runs }) {
  const fleets = [...new Set(runs.map(({ processes }) => processes))];
  const titleOf = (processes) =>
    processes === 1 ? '1 process' : `${processes.toLocaleString('en')} processes sharing the load`;
  for (const outage of ['rejecting', 'stalling']) {
    const panels = fleets.map((processes) => ({
      title: titleOf(processes),
      lines: runs
        .filter((run) => run.outage === outage && run.processes === processes)
        .map(({ policy, perSecond }) => ({
          name: policy,
          points: perSecond.map((count, n) => [n + 0.5, count]),
        })),
    }));
    saveChart(`storm-requests-${outage}.svg`, {
      title: `The storm: what a ${outage} server gets to bear`,
      subtitle:
        'Requests a second, simulated: 800 a second to a server that can do 1,000; it is down for 3 seconds',
      height: 690,
      option: linePanels(panels, STORM_LINES, {
        columns: 2,
        bottom: 690,
        outage: [settings.outageStart / 1000, settings.outageEnd / 1000],
        until: 25,
      }),
    });
  }
  const policies = [...new Set(runs.map(({ policy }) => policy))];
  saveChart('storm-failed-callers.svg', {
    title: 'The storm: callers that saw a failure',
    subtitle:
      'Percent of all, simulated: server down for 3 of 30 seconds. Bars from top to bottom: 1, 20, 200 and 1,000 processes',
    height: 620,
    option: barPanels(
      ['rejecting', 'stalling'].map((outage) => ({
        title: outage,
        series: fleets.map((processes, n) => ({
          name: titleOf(processes),
          color: (outage === 'rejecting' ? SHADES.orange : SHADES.blue)[n],
          values: policies.map((policy) =>
            Number(
              runs
                .find((run) => run.outage === outage && run.processes === processes && run.policy === policy)
                .failedPercent.toFixed(1),
            ),
          ),
        })),
      })),
      policies,
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

function barPanels(panels, names) {
  const grid = panels.map((_, n) => ({ left: 170 + n * 380, top: 120, width: 300, bottom: 40 }));
  return {
    legend: { show: false },
    grid,
    title: panels.map(({ title }, n) => panelTitle(title, grid[n].left - 6, 88)),
    xAxis: panels.map((_, gridIndex) =>
      axis({ type: 'value', gridIndex, max: 100, axisLabel: { formatter: '{value}%' } }),
    ),
    yAxis: panels.map((_, gridIndex) =>
      axis({
        type: 'category',
        gridIndex,
        data: names,
        inverse: true,
        axisLabel: { show: gridIndex === 0, fontSize: 12.5 },
      }),
    ),
    series: panels.flatMap(({ series }, n) =>
      series.map(({ name, color, values }) => ({
        type: 'bar',
        name,
        xAxisIndex: n,
        yAxisIndex: n,
        color,
        data: values,
        barGap: '5%',
        label: { ...valueLabel, formatter: '{c}%' },
      })),
    ),
  };
}
