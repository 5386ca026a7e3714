/** The look of the status page, light and dark. All pairs of text and ground have a contrast of at least 4.5 to 1. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #fcfcfa; --ink: #1d1d1b; --soft: #5c5c55; --grid: #dcdcd4; --other: #8c8c82; --own: #0a63c2; --bad: #b3261e; --panel: #f1f1ec; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #171716; --ink: #ecece8; --soft: #b0b0a8; --grid: #3b3b36; --other: #85857c; --own: #62adff; --bad: #ff8a80; --panel: #222220; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0.25rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
p { margin: 0.25rem 0 0.75rem; max-width: 46rem; overflow-wrap: anywhere; }
a { color: var(--own); }
.soft { color: var(--soft); font-size: 0.875rem; }
.bad { color: var(--bad); }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: 0.5rem; }
:focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
button, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--other); border-radius: 4px; padding: 0.3rem 0.7rem; min-height: 2.5rem; max-width: 100%; }
button[aria-pressed="true"] { background: var(--ink); color: var(--ground); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9rem), 1fr)); gap: 0.75rem; margin: 0.5rem 0; }
dl div { background: var(--panel); border-radius: 4px; padding: 0.5rem 0.75rem; }
dt { color: var(--soft); font-size: 0.8125rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; font-size: 11px; }
svg text { fill: var(--soft); }
.grid { stroke: var(--grid); stroke-width: 1; }
rect.own, .key.own { fill: var(--own); background: var(--own); }
rect.gzip, .key.gzip { fill: var(--other); background: var(--other); }
.key { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.35em; forced-color-adjust: none; }
.nowrap { white-space: nowrap; }
.legend .nowrap { margin-right: 1em; }
.legend { font-size: 0.875rem; }
.scroll { overflow-x: auto; margin: 0.25rem 0 0.75rem; }
table { border-collapse: collapse; font-size: 0.875rem; width: 100%; }
caption { text-align: left; color: var(--soft); padding: 0.25rem 0; width: min(100%, calc(100vw - 2rem)); }
.words { min-width: 14rem; }
.narrow { display: none; }
@media (max-width: 34rem) { .wide { display: none; } .narrow { display: block; } }
th, td { text-align: left; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--grid); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 8rem; padding-left: 0; }
thead th:first-child { padding-left: 0; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.plain { list-style: none; margin: 0; padding: 0; }
progress { width: min(12rem, 100%); accent-color: var(--own); vertical-align: middle; }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin: 0.5rem 0; }
.pager { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; }
.pager > * { padding: 0.5rem 0; }
summary { padding: 0.4rem 0; cursor: pointer; }
.stale header::after { content: "The receiver does not answer: this is old."; color: var(--bad); font-weight: 600; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; scroll-behavior: auto !important; } }
`;
