/**
 * Numbers that one noisy round cannot decide: medians, quantiles, and how sure a median is.
 */

/** The value below which the share `q` of the values lies, interpolated. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const low = Math.floor(position);
  const high = Math.ceil(position);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
}

export const median = (values) => quantile(values, 0.5);

/** Median, its 95% confidence interval (by order statistics: no assumption on the distribution), and the middle half. */
export function summary(values) {
  const margin = (1.96 * Math.sqrt(values.length)) / 2 / (values.length - 1);
  return {
    median: median(values),
    low95: quantile(values, Math.max(0, 0.5 - margin)),
    high95: quantile(values, Math.min(1, 0.5 + margin)),
    quartile1: quantile(values, 0.25),
    quartile3: quantile(values, 0.75),
  };
}
