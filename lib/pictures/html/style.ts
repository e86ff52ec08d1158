/** The page’s style: light and dark, from a phone’s width up. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1b1f;--dim:#50525c;--line:#8a8d99;--zero:#dbe8ff;--one:#f3dcf7;--below:#e7e7ea;--item:#fff;--focus:#8a3b00;--closed:#8e24aa;--idle:#d9a8e6;--open:#7fa8e8;--fixed:#2d5ea8;--good:#0a6b2d;--bad:#a8071a}
@media (prefers-color-scheme:dark){:root{--paper:#16171b;--ink:#ececf1;--dim:#b4b6c2;--line:#7d808c;--zero:#1d2c47;--one:#3d2245;--below:#2a2b31;--item:#22242a;--focus:#ffb86b;--closed:#d07be6;--idle:#6c3d7b;--open:#4d7cc4;--fixed:#a9c8ff;--good:#7bd88f;--bad:#ff8f8f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1rem 0 .4rem}p{margin:.4rem 0}
.seen,.hint{color:var(--dim);font-size:.9rem}
.grid{display:grid;gap:1rem 2rem;grid-template-columns:minmax(0,1fr)}
@media (min-width:60rem){.grid{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
svg{width:100%;max-width:40rem;height:auto;display:block}
text{fill:var(--ink);font:10px system-ui,sans-serif}.title{font-weight:600}.middle{text-anchor:middle}
.box{stroke:var(--line);fill:var(--below)}.vtl0{fill:var(--zero)}.vtl1{fill:var(--one)}.item{fill:var(--item)}.area{fill:transparent}
.arrow,.lifeline{stroke:var(--ink);fill:none}.lifeline{stroke:var(--line);stroke-dasharray:3 3}
.closed{fill:var(--closed)}.idle{fill:var(--idle)}.open{fill:var(--open)}.fixed{fill:var(--fixed)}
.node{cursor:pointer;outline:none}
.node:focus-visible>*{stroke:var(--focus);stroke-width:1.5px}.node:focus-visible>text{stroke:none;text-decoration:underline}
.message.later{display:none}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;margin:.4rem 0;padding:0;font-size:.9rem}
.key svg{width:.9rem;display:inline-block;vertical-align:-.1rem;margin-right:.3rem}
.time{position:sticky;top:0;background:var(--paper);border-bottom:1px solid var(--line);padding:.4rem 0;z-index:1}
.time label{display:block}
input[type=range]{width:100%;accent-color:var(--closed)}
input:focus-visible,ol:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.detail{min-height:3.2em;border-left:4px solid var(--closed);padding:.1rem .7rem;margin:.4rem 0;overflow-wrap:anywhere}
ol.log{max-height:22rem;overflow:auto;border:1px solid var(--line);padding:.4rem .4rem .4rem 3.4rem;margin:0;font:.85rem/1.5 ui-monospace,monospace}
.log li{overflow-wrap:anywhere}.log li.later{color:var(--dim)}.log li.now{font-weight:700;text-decoration:underline}
table{border-collapse:collapse;font-size:.85rem;margin:.5rem 0}th,td{text-align:left;padding:.1rem .8rem .1rem 0;border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:right}
.attacks{padding-left:1.2rem;margin:.3rem 0}.refused{color:var(--good)}.done{color:var(--bad)}
[hidden]{display:none}
@media (prefers-reduced-motion:no-preference){.time{scroll-behavior:smooth}}
`;
