/**
 * SVG charts by echarts, drawn in Node without a browser, readable on light and dark pages alike: each has a background
 * of its own, and its greys turn with the reader's colour scheme.
 */
import * as echarts from 'echarts';
import { saveFile } from './results.mjs';

/** The greys of the light scheme, and what each becomes in the dark one. Used for nothing but these roles. */
const GREYS = {
  page: ['#fdfdfe', '#16191d'],
  ink: ['#1f2329', '#e7eaee'],
  faint: ['#5a626b', '#a3abb5'],
  grid: ['#d9dde2', '#363c44'],
};
const light = Object.fromEntries(Object.entries(GREYS).map(([role, [color]]) => [role, color]));

/** The scale of a chart whose bars differ by one thing only, from much to little; both ends show on both pages. */
export const SHADES = {
  orange: ['#b36b00', '#d98200', '#eba23a', '#f0bd74'],
  blue: ['#175f9e', '#1f7fd1', '#5aa5e4', '#93c4ee'],
};

/** Told apart by the colour-blind too (after Okabe and Ito), and dark or light enough on both pages. */
export const COLORS = {
  blue: '#1f7fd1',
  green: '#12946b',
  orange: '#d98200',
  red: '#d8502e',
  purple: '#b06fae',
  brown: '#8f6f4e',
  gray: '#838b95',
};

// No double quotes: echarts writes it into an attribute as it is.
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Writes one chart. `option` is echarts' own, without the title, the colours of text and axes, and the legend's place. */
export function saveChart(file, { title, subtitle, width = 900, height, option }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: light.page,
    textStyle: { fontFamily: FONT, color: light.ink },
    ...option,
    title: [
      {
        text: title,
        subtext: subtitle,
        left: 20,
        top: 14,
        textStyle: { color: light.ink, fontSize: 17, fontFamily: FONT },
        subtextStyle: { color: light.faint, fontSize: 12.5, fontFamily: FONT },
      },
      ...(option.title ?? []),
    ],
    legend: {
      ...option.legend,
      textStyle: { color: light.ink, fontSize: 12 },
      itemGap: 26,
      left: 20,
      // Without a browser echarts takes text for narrower than it is: so much for rows that would run over.
      right: 220,
    },
  });
  saveFile(file, inBothSchemes(chart.renderToSVGString({ useViewBox: true }), title));
  chart.dispose();
}

/** Title of one panel among several. */
export function panelTitle(text, left, top) {
  return {
    text,
    left,
    top,
    textStyle: { color: light.ink, fontSize: 13, fontWeight: 'bold', fontFamily: FONT },
  };
}

/** @param lines whether lines cross the panel at the axis' values */
export function axis({ axisLabel, lines = true, ...settings }) {
  return {
    axisLabel: { color: light.faint, fontSize: 12, ...axisLabel },
    axisLine: { show: settings.type === 'category', lineStyle: { color: light.grid } },
    axisTick: { show: false },
    splitLine: { show: lines && settings.type !== 'category', lineStyle: { color: light.grid } },
    ...settings,
  };
}

/** A grey band over the seconds of the outage, for the first series of a panel. */
export function outageBand(fromSecond, toSecond) {
  return {
    silent: true,
    itemStyle: { color: COLORS.gray, opacity: 0.18 },
    label: { color: light.faint, fontSize: 11, position: 'insideTop' },
    data: [[{ name: 'down', xAxis: fromSecond }, { xAxis: toSecond }]],
  };
}

export const valueLabel = { show: true, position: 'right', color: light.ink, fontSize: 11 };

/** Adds the dark scheme, and takes out what only a page's script and mouse would use. */
function inBothSchemes(svg, title) {
  const rules = Object.values(GREYS).flatMap(([ofLight, ofDark]) =>
    ['fill', 'stroke'].map((paint) => `[${paint}="${ofLight}"]{${paint}:${ofDark}}`),
  );
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
  return svg
    .replace(/<style >[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class|pointer-events)="[^"]*"/g, '')
    .replace('<svg ', `<svg role="img" aria-label="${title}" `)
    .replace('>', `>\n${style}`);
}
