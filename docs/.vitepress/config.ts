/** The site: `npm run site` in the root builds it into docs/.vitepress/dist. */
import { defineConfig } from 'vitepress';
import { checkAnchors } from './check-anchors';
import { linksOutOfTheSite } from './links-out';
import { repositoryUrl } from './repository';

const repository = repositoryUrl();

/** GitHub Pages serves a repository under its name: the workflow says which. */
const base = `${process.env.SITE_BASE ?? ''}/`.replace(/\/+$/, '/');

const guide = [
  { text: 'Start', link: '/guide/start' },
  { text: 'Options', link: '/guide/options' },
  { text: 'Outages and the gate', link: '/guide/outages' },
  { text: 'The order of interceptors', link: '/guide/interceptors' },
  { text: 'How a call ends', link: '/guide/how-a-call-ends' },
  { text: 'Recipes', link: '/guide/recipes' },
  { text: 'In your tests', link: '/in-your-tests' },
  { text: 'Questions', link: '/guide/questions' },
];
const inYourStack = [
  { text: 'A fleet, and Redis', link: '/fleet' },
  { text: 'Telemetry', link: '/telemetry' },
  { text: 'Other plugins', link: '/plugins' },
  { text: 'SDKs built on axios', link: '/sdks' },
];
const migrating = [
  { text: 'From axios-retry', link: '/migrating-from-axios-retry' },
  { text: 'From retry-axios', link: '/migrating-from-retry-axios' },
];
const measured = [
  { text: 'Playground', link: '/playground' },
  { text: 'Benchmarks', link: '/benchmarks' },
  { text: 'What happens in each fault', link: '/faults' },
  { text: 'Behind nginx and haproxy', link: '/proxies' },
];
const reference = [
  { text: 'Index', link: '/api/' },
  { text: 'axios-retry-budget', link: '/api/axios-retry-budget' },
  { text: 'axios-retry-budget/redis', link: '/api/redis' },
  { text: 'axios-retry-budget/opentelemetry', link: '/api/opentelemetry' },
];

export default defineConfig({
  title: 'axios-retry-budget',
  description: 'Retries for axios that keep a blip from your callers, and a struggling server from its end.',
  lang: 'en',
  base,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  cleanUrls: false,
  // For those who work on the library itself.
  srcExclude: ['mutants.md'],
  // GitHub shows a folder's README.md, a site its index.
  rewrites: { 'api/README.md': 'api/index.md' },
  markdown: {
    // The theme's own are too faint on its grey.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (markdown) => void markdown.use(linksOutOfTheSite, repository),
    // As GitHub makes them, so that links within the pages work there, too.
    anchor: {
      slugify: (text) =>
        text
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .replace(/\s/g, '-'),
    },
  },
  buildEnd: ({ outDir, site }) => checkAnchors(outDir, site.base),
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/start', activeMatch: '^/(guide|in-your-tests)' },
      { text: 'Playground', link: '/playground' },
      { text: 'Benchmarks', link: '/benchmarks' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: [
      { text: 'Guide', items: guide },
      { text: 'In your stack', items: inYourStack },
      { text: 'Coming from', items: migrating },
      { text: 'Measured', items: measured },
      { text: 'API reference', items: reference },
    ],
    outline: [2, 3],
    socialLinks: repository ? [{ icon: 'github', link: repository }] : [],
  },
});
