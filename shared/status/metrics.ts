/** Metrics in the text format of Prometheus. The one importer of `prom-client`. METRICS.md lists every name. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Page } from './server.ts';

type Labels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Counts up from 0 with the process. */
  counter(name: string, help: string, labels?: readonly string[]): { add(amount: number, labels?: Labels): void };
  /** @param read asked at each scrape; undefined where there is no value. */
  gauge(name: string, help: string, read: () => number | undefined | Promise<number | undefined>): void;
  /** As a gauge, of several things told apart by their labels. */
  gauges(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => readonly { readonly value: number; readonly labels: Labels }[],
  ): void;
  /** As a gauge, of what only ever grows. */
  total(name: string, help: string, read: () => number): void;
  histogram(name: string, help: string, buckets: readonly number[]): { observe(value: number): void };
  page(): Promise<Page>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const metrics: Metrics = {
    counter(name, help, labels = []) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] });
      return { add: (amount, values = {}) => counter.inc({ ...values }, amount) };
    },
    gauge(name, help, read) {
      const gauge = new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          const value = await read();
          if (value !== undefined) this.set(value);
          else this.remove();
        },
      });
      registry.registerMetric(gauge);
    },
    gauges(name, help, labels, read) {
      const gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [],
        collect() {
          this.reset();
          for (const { value, labels: values } of read()) this.set({ ...values }, value);
        },
      });
      registry.registerMetric(gauge);
    },
    total(name, help, read) {
      const counter = new Counter({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(read());
        },
      });
      registry.registerMetric(counter);
    },
    histogram(name, help, buckets) {
      const histogram = new Histogram({ name, help, buckets: [...buckets], registers: [registry] });
      return { observe: (value) => histogram.observe(value) };
    },
    page: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
  addProcessMetrics(metrics);
  return metrics;
}

/** What every Prometheus client says of its process. */
function addProcessMetrics(metrics: Metrics): void {
  metrics.gauge('process_start_time_seconds', 'When the process began, since the epoch.', () => performance.timeOrigin / 1000);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  metrics.total('process_cpu_seconds_total', 'Processor time of the process, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
}
