"""The style of the HTML report: paper and ink, system fonts, light and dark, phone and print."""

__all__ = ["FRAGMENT", "PAGE"]

PAGE = """
:root {
  color-scheme: light dark;
  --paper: #fdfcf9; --ink: #1d2025; --soft: #5c6168; --line: #e0dcd2; --wash: #f5f2ea; --link: #0a5790;
  --measured: #0b68a3; --bound: #bd4b0d;
  --supported: #0b6b4e; --refuted: #a83a06; --inconclusive: #775900; --not-applicable: #5c6168; --error: #8b2468;
  --prose: Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", "URW Palladio L", P052, Georgia, serif;
  --plain: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --code: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --ink: #e7e4dd; --soft: #a2a5a9; --line: #33363c; --wash: #1e2126; --link: #86bff0;
    --measured: #6db3ec; --bound: #f49a5e;
    --supported: #5fcca3; --refuted: #f59a66; --inconclusive: #dfbf55; --not-applicable: #a2a5a9; --error: #e89ac8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; max-width: 72rem; padding: 0 clamp(1rem, 4vw, 3rem) 5rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--prose); overflow-wrap: break-word;
}
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
code, pre { font-family: var(--code); font-size: .84em; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--wash); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "Libertinus Math", math; }
sup, sub { font-size: .72em; line-height: 0; }
h1, h2, h3 { font-weight: 600; line-height: 1.2; margin: 0; text-wrap: balance; }
p { margin: .5rem 0; }
.kicker, .label, th, .facts dt, .badge, .tag, .cell-kind, footer, .key, summary, .number { font-family: var(--plain); }
.kicker { margin: clamp(2rem, 6vw, 4rem) 0 .6rem; color: var(--soft); font-size: .85rem; letter-spacing: .02em; }
h1 { font-size: clamp(1.8rem, 5vw, 2.9rem); letter-spacing: -.012em; }
.lead { max-width: 46rem; font-size: 1.14rem; margin: .9rem 0 1.6rem; }
.alarm { color: var(--refuted); font-weight: 600; }

.bar { display: flex; gap: 3px; height: .7rem; margin: 0 0 .5rem; }
.bar span { flex: var(--n) 0 .5rem; background: var(--tone); border-radius: 2px; }
.tally { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; margin: 0 0 2rem; padding: 0; list-style: none;
  font: .92rem/1.5 var(--plain); }
.tally b { color: var(--tone); }

.run { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: .5rem 2.5rem; align-items: start;
  border-block: 1px solid var(--line); padding: 1rem 0; font: .86rem/1.5 var(--plain); }
.run dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; }
.run dt, .run .label { color: var(--soft); }
.run dd { margin: 0; overflow-wrap: anywhere; }
.how { max-width: 46rem; color: var(--soft); font-size: .95rem; margin: 1.2rem 0 2.5rem; }

.supported { --tone: var(--supported); } .refuted { --tone: var(--refuted); }
.inconclusive { --tone: var(--inconclusive); } .not-applicable { --tone: var(--not-applicable); }
.error { --tone: var(--error); }
.badge { display: inline-block; color: var(--tone); font-size: .82rem; font-weight: 650; white-space: nowrap;
  letter-spacing: .01em; }
.badge i { font-style: normal; display: inline-block; min-width: 1.1em; }
.badge.surprise { background: var(--tone); color: var(--paper); padding: .1em .6em .1em .45em; border-radius: 1em; }
.tag { display: inline-block; color: var(--soft); font-size: .8rem; white-space: nowrap; }
.tag.warn { color: var(--inconclusive); } .tag.surprise { color: var(--refuted); font-weight: 600; }

table { width: 100%; border-collapse: collapse; font-size: .95rem; }
thead th { text-align: left; color: var(--soft); font-size: .78rem; font-weight: 500; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--ink); vertical-align: bottom; }
tbody td, tbody th { padding: .55rem .9rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  text-align: left; font-weight: 400; }
tbody tr:target, tbody tr:hover { background: var(--wash); }
.number { font-variant-numeric: tabular-nums; font-size: .86rem; white-space: nowrap; }
.right { text-align: right !important; padding-right: 0 !important; }
.cell-claim { min-width: 15rem; }
.cell-claim a { font-family: var(--plain); font-weight: 650; text-decoration: none; font-size: .92rem; }
.cell-claim a:hover { text-decoration: underline; }
.cell-claim p { margin: .05rem 0 0; color: var(--soft); font-size: .88rem; line-height: 1.4; display: -webkit-box;
  -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; overflow: hidden; }
.cell-verdict .tag { display: block; }
.cell-kind { font-size: .84rem; }

.claim { padding: 2.6rem 0 1.2rem; border-bottom: 1px solid var(--line); scroll-margin-top: .5rem; }
.claims { margin-top: 3rem; border-top: 1px solid var(--ink); }
.claim > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 1rem; }
.claim h2 { font: 650 1.05rem/1.3 var(--plain); }
.claim h2 a { color: inherit; text-decoration: none; }
.claim > header .badge { font-size: .9rem; }
.claim .up { margin-left: auto; font: .8rem var(--plain); color: var(--soft); text-decoration: none; }
.statement { font-size: 1.22rem; line-height: 1.45; max-width: 50rem; margin: .6rem 0 0; text-wrap: pretty; }
.formula { margin: 1rem 0; padding: .3rem 0; font-size: 1.28rem; overflow-x: auto; overflow-y: hidden; }
.formula math { margin: 0; width: max-content; }
.formula code { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8em; }
.source { color: var(--soft); font-size: .95rem; margin: .3rem 0 0; }
.finding { max-width: 50rem; margin: 1rem 0 0; padding: .5rem 0 .5rem 1rem; border-left: 3px solid var(--tone); }
.finding p { margin: .15rem 0; }
.finding .message { color: var(--soft); font-size: .95rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 1.2rem 3rem; margin-top: 1.4rem;
  align-items: start; }
.columns.bare { grid-template-columns: minmax(0, 50rem); }
.columns.wide { grid-template-columns: minmax(0, 1fr); }
.columns.wide .facts { columns: 2; column-gap: 3rem; }
.facts div { break-inside: avoid; }
figure { margin: 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: .8rem 1.6rem; }
.panels svg { display: block; width: 100%; max-width: 29rem; height: auto; font-family: var(--plain); }
figcaption { display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin-top: .5rem; font-size: .84rem; }
.key::before { content: ""; display: inline-block; width: 1.5em; height: 0; margin-right: .5em; vertical-align: .28em;
  border-top: 3px solid var(--measured); }
.key.bound::before { border-top: 2px dashed var(--bound); }
.facts { margin: 0; font-size: .95rem; }
.facts div { margin-bottom: .85rem; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: .1rem 0 0; }
.facts ul { margin: 0; padding: 0; list-style: none; }
.facts li + li { margin-top: .3rem; }
.facts small { color: var(--soft); font-size: .86rem; }
details > summary { cursor: pointer; font-size: .84rem; color: var(--soft); }
details pre { max-height: 24rem; overflow: auto; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .82rem; }

@media (max-width: 60rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .columns.wide .facts { columns: 1; } .cell-kind, .cell-seconds, .cell-seeds { display: none; }
}
@media (max-width: 46rem) {
  .run { grid-template-columns: minmax(0, 1fr); }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tbody tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .15rem 1rem; padding: .75rem 0;
    border-bottom: 1px solid var(--line); }
  tbody td, tbody th { display: block; padding: 0; border: 0; min-width: 0; }
  .cell-claim { grid-column: 1 / -1; grid-row: 2; }
  .cell-claim a { font-size: 1rem; }
  .cell-verdict { grid-column: 1; grid-row: 1; display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline; }
  .cell-verdict .tag { display: inline; }
  .cell-control { grid-column: 2; grid-row: 1; text-align: right; }
  .cell-measured { grid-column: 1; } .cell-ratio { grid-column: 2; text-align: right; }
  .cell-ratio:not(.plain, :empty)::before { content: "ratio "; color: var(--soft); }
  .number { white-space: normal; }
  .statement { font-size: 1.1rem; } .formula { font-size: 1.12rem; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #ccc; --wash: #f4f4f4; --link: #000; --measured: #0b68a3;
    --bound: #bd4b0d; --supported: #0b6b4e; --refuted: #a83a06; --inconclusive: #775900; --not-applicable: #5c6168;
    --error: #8b2468; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .up { display: none; }
  .claim, tr, figure { break-inside: avoid; }
  .badge.surprise { background: none; color: var(--tone); border: 1.5px solid; }
  a { text-decoration: none; }
}
"""

#: For the output of a notebook cell: its colours are the notebook's own, those of the verdicts hold on white and black.
FRAGMENT = """
.optlab { --supported: #168562; --refuted: #c9541a; --inconclusive: #98790c; --not-applicable: #7b8087;
  --error: #b5508f; --measured: #2b86c5; --bound: #d2691e; line-height: 1.45; max-width: 62rem; }
.optlab .supported { --tone: var(--supported); } .optlab .refuted { --tone: var(--refuted); }
.optlab .inconclusive { --tone: var(--inconclusive); } .optlab .not-applicable { --tone: var(--not-applicable); }
.optlab .error { --tone: var(--error); }
.optlab table { border-collapse: collapse; margin: .4em 0; border: 0; }
.optlab th, .optlab td { text-align: left; padding: .25em 1.2em .25em 0; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); background: none; vertical-align: top; }
.optlab thead th { font-weight: 500; opacity: .7; font-size: .88em; }
.optlab tbody th { font-weight: 600; }
.optlab .badge { color: var(--tone); font-weight: 650; white-space: nowrap; }
.optlab .badge i { font-style: normal; }
.optlab .tag { font-size: .9em; opacity: .8; white-space: nowrap; }
.optlab .tag.warn, .optlab .tag.surprise { color: var(--refuted); opacity: 1; font-weight: 600; }
.optlab .number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.optlab .formula { font-size: 1.15em; margin: .6em 0; overflow-x: auto; }
.optlab .formula math { width: max-content; margin: 0; }
.optlab .panels { display: grid; gap: .5em 1.2em;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 26rem)); }
.optlab .panels svg { display: block; width: 100%; height: auto; }
.optlab figure { margin: .8em 0; } .optlab figcaption { font-size: .9em; }
.optlab .key { margin-right: 1.4em; }
.optlab .key::before { content: ""; display: inline-block; width: 1.5em; margin-right: .5em; vertical-align: .28em;
  border-top: 3px solid var(--measured); }
.optlab .key.bound::before { border-top: 2px dashed var(--bound); }
.optlab ul { margin: .3em 0; padding-left: 1.2em; } .optlab small { opacity: .75; }
"""
