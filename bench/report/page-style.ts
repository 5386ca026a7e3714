/** The look of report.html, light and dark. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #fcfcfa; --ink: #1d1d1b; --soft: #66665f; --grid: #e3e3dc; --other: #b4b4aa; --own: #0a63c2;
  --link-0: #93bdec; --link-1: #4f92d9; --link-2: #1f63ad; --link-3: #0d3667; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #171716; --ink: #ecece8; --soft: #a3a39b; --grid: #34342f; --other: #63635b; --own: #62adff;
    --link-0: #2f5c8f; --link-1: #4384c9; --link-2: #79b2ee; --link-3: #c9e1fb; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0 0 0.25rem; }
p { margin: 0.25rem 0 0.75rem; max-width: 44rem; }
.soft, figcaption { color: var(--soft); font-size: 0.875rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; margin: 0.5rem 0; font-size: 0.875rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.75rem; }
figure { margin: 0; max-width: 30rem; }
svg { display: block; width: 100%; height: auto; font-size: 11px; overflow: visible; }
text { fill: var(--ink); }
text.tick, text.value { fill: var(--soft); }
text.strong { font-weight: 650; }
.grid { stroke: var(--grid); stroke-width: 1; }
rect.own { fill: var(--own); }
rect.other { fill: var(--other); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.own { stroke: var(--own); stroke-width: 3; }
.line.other { stroke: var(--other); }
.leader { stroke: var(--grid); }
.track { stroke: var(--grid); stroke-width: 3; }
circle { stroke-width: 2; }
${[0, 1, 2, 3].map((index) => `.link-${index} { fill: var(--link-${index}); stroke: var(--link-${index}); }`).join('\n')}
circle.computed { fill: var(--ground); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: 0.875rem; }
.legend svg { display: inline-block; width: 0.9em; height: 0.9em; vertical-align: -0.1em; margin-right: 0.4em; }
.scroll { overflow-x: auto; margin: 0.25rem 0 1.5rem; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--ground); }
td.words, th.words { text-align: left; }
tr.own td { font-weight: 650; }
`;
