/** Style sheet of the report: light and dark by the reader's setting, from a phone's width to a desk's. */
export const STYLE = `
:root{--page:#f6f7f9;--card:#fff;--ink:#1a2130;--soft:#5b6577;--rule:#e2e6ec;--hit:29 99 201;--miss:190 72 8;
--first:#1d63c9;--second:#b84a0c;--accent:#0f766e;
--r0:#0067a8;--r1:#b84a0c;--r2:#00775a;--r3:#a23a7d;--r4:#7a5c00;--r5:#5b45c9;--r6:#3d4756;--shadow:0 1px 2px rgb(20 30 50/.06),0 2px 10px rgb(20 30 50/.05)}
@media(prefers-color-scheme:dark){:root{--page:#11151c;--card:#1a202b;--ink:#e7ebf2;--soft:#9aa6b8;--rule:#2d3644;
--hit:47 111 208;--miss:190 80 16;--first:#6aa8ff;--second:#ff9a5c;--accent:#4fd1c1;
--r0:#56b4f5;--r1:#ff9a5c;--r2:#2fd0a0;--r3:#f09ad0;--r4:#e6c229;--r5:#b7a6ff;--r6:#dfe5ee;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{overflow-wrap:anywhere;max-width:1080px;margin:0 auto;padding:28px 20px 40px}
header{margin-bottom:22px}
.eyebrow{margin:0;color:var(--accent);font-weight:600;font-size:.8rem;letter-spacing:.04em}
h1{margin:.1em 0 .6em;font-size:1.9rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:0 0 .5em;font-size:1.2rem}
section{background:var(--card);border:1px solid var(--rule);border-radius:12px;box-shadow:var(--shadow);padding:20px 22px;margin:0 0 18px}
.lead,.hint{margin:0 0 .9em;color:var(--soft)}.lead b{color:var(--ink)}
.hint{margin:.8em 0 0;font-size:.85rem}
.note{margin:.6em 0 0;padding:.5em .9em;border-left:3px solid var(--second);background:var(--card);border-radius:0 8px 8px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:12px;margin-bottom:14px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;box-shadow:var(--shadow);padding:12px 14px;display:flex;flex-direction:column}
.tile span{color:var(--soft);font-size:.82rem}.tile strong{font-size:1.55rem;line-height:1.3;font-variant-numeric:tabular-nums}
.tile small{color:var(--soft);font-size:.78rem}
.tile strong{white-space:nowrap}.tile.main{border-color:var(--accent);grid-column:span 2}.tile.main strong{color:var(--accent);font-size:2.1rem;line-height:1.15}
.facts{display:flex;flex-wrap:wrap;gap:4px 26px;margin:0;font-size:.88rem}
.facts div{display:flex;gap:.5em;min-width:0}.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--first);outline-offset:2px;border-radius:4px}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums}
.confusion{border-spacing:2px;font-size:.84rem}
.confusion td{min-width:42px;height:34px;padding:0 3px;text-align:center;border-radius:5px;background:rgb(128 140 160/.07)}
.confusion td.hit{background:rgb(var(--hit)/var(--s))}.confusion td.miss{background:rgb(var(--miss)/var(--s))}
.confusion td.strong{color:#fff;font-weight:600}
.confusion th{font-weight:500;text-align:right;padding:0 8px 0 0;white-space:nowrap}
.confusion tbody th,.confusion tfoot th{position:sticky;left:0;background:var(--card);max-width:130px;overflow:hidden;text-overflow:ellipsis;z-index:1}
.confusion thead th{vertical-align:bottom;text-align:center;padding:0 0 5px}
.confusion thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:110px;overflow:hidden;text-overflow:ellipsis}
.confusion thead .corner{text-align:right;padding-right:8px;color:var(--soft);font-size:.78rem;line-height:1.35}
.confusion thead .corner span{writing-mode:horizontal-tb;transform:none;display:block}
.confusion td.edge{background:none;color:var(--soft)}.confusion td.all{color:var(--accent);font-weight:700}
.confusion .edge,.confusion tfoot th{color:var(--soft)}
.dense{border-spacing:1px;font-size:.68rem}.dense td{min-width:24px;height:24px;padding:0;border-radius:3px}
.key{display:inline-block;width:.9em;height:.9em;border-radius:3px;vertical-align:-.1em}
.key.hit{background:rgb(var(--hit))}.key.miss{background:rgb(var(--miss))}
.heard{display:flex;flex-wrap:wrap;gap:14px 30px;align-items:flex-start}.heard>.scroll{min-width:0;max-width:100%}
.pairs{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:7px;flex:1 1 230px;align-content:flex-start}
.heard h3{margin:0 0 .5em;font-size:.95rem}.often{flex:1 1 230px}
.pairs li{border:1px solid var(--rule);border-radius:999px;padding:2px 12px;font-size:.85rem;color:var(--soft);overflow-wrap:anywhere}
.pairs b{color:var(--ink);font-weight:600}.pairs i{font-style:normal;color:var(--second);margin-left:.3em;white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:20px}
.chart{margin:0;min-width:0;break-inside:avoid}.chart svg{width:100%;height:auto;display:block}
.chart figcaption{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.85rem;margin-bottom:4px}
.chart figcaption span::before{content:"";display:inline-block;width:14px;height:3px;border-radius:2px;background:currentColor;margin-right:6px;vertical-align:.25em}
.chart figcaption i{font-style:normal;color:var(--ink);font-variant-numeric:tabular-nums}
.chart text{fill:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}
.chart .grid{stroke:var(--rule);stroke-width:1}
.leader{stroke:var(--soft);stroke-width:.8}.bars{fill:none;stroke:currentColor;stroke-width:1.5;opacity:.55}
.dot{stroke:var(--card);stroke-width:1.5}.chart .name,.chart .letter{fill:currentColor;paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round;font-weight:600;font-size:12.5px}
.dashed.line{stroke-dasharray:7 4}.dotted.line{stroke-dasharray:2 4}
.run0{color:var(--r0)}.run1{color:var(--r1)}.run2{color:var(--r2)}.run3{color:var(--r3)}.run4{color:var(--r4)}.run5{color:var(--r5)}.run6{color:var(--r6)}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
circle{fill:currentColor}.first{color:var(--first)}.second{color:var(--second)}
.classes,.confusion{overflow-wrap:normal}
.classes{width:100%;font-size:.9rem}.classes th,.classes td{padding:5px 10px;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
.classes tbody tr:last-child>*{border-bottom:0}
.classes thead th{color:var(--soft);font-weight:500;font-size:.82rem}.classes th:first-child{text-align:left;font-weight:600;max-width:180px;overflow:hidden;text-overflow:ellipsis}
.classes .bar{width:22%;background:linear-gradient(to right,rgb(var(--hit)/.26) var(--s),rgb(128 140 160/.09) var(--s)) no-repeat 6px 50%/calc(100% - 12px) 70%}
.runs{width:100%;font-size:.9rem}.runs th,.runs td{padding:7px 8px;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
.runs thead th{color:var(--soft);font-weight:500;font-size:.82rem;white-space:normal;vertical-align:bottom}.runs th:first-child,.runs td:nth-child(2),.runs thead th:nth-child(2){text-align:left}
.runs tbody th{white-space:normal;overflow-wrap:anywhere;min-width:110px}.runs td:nth-child(2){white-space:normal;overflow-wrap:anywhere}
.runs .best{color:var(--accent);font-weight:700}.seeds{margin:.9em 0 0}
.swatch{display:inline-block;min-width:1.55em;padding:0 .3em;border:2px solid currentColor;border-radius:5px;text-align:center;font-weight:700;font-size:.82em;line-height:1.45}
.swatch.dashed{border-style:dashed}.swatch.dotted{border-style:dotted}
.bests{list-style:none;margin:.3em 0 0;padding:0;display:flex;flex-wrap:wrap;gap:6px 22px;font-size:.9rem}.bests i{font-style:normal;color:var(--soft)}
.difference+.difference{margin-top:14px;border-top:1px solid var(--rule);padding-top:14px}.difference summary i{font-style:normal;font-weight:400;color:var(--soft)}
.difference .heard{margin-top:12px}.pairs .better{color:var(--first)}.pairs .worse{color:var(--second)}
.none{color:var(--soft)}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr));gap:16px}
.clip{border:1px solid var(--rule);border-radius:10px;padding:12px;min-width:0}
.clip h3{margin:0 0 8px;font-size:1.02rem;overflow-wrap:anywhere}.clip h3 small{font-weight:400;color:var(--soft)}
.predicted{color:var(--second)}.truth{color:var(--first)}
.clip img{width:100%;height:110px;display:block;border-radius:6px;margin:8px 0;background:#000}
.clip audio{width:100%;height:36px;display:block}
.score{position:relative;display:flex;justify-content:space-between;font-size:.78rem;padding:1px 7px;margin-top:3px;border-radius:4px;
background:linear-gradient(to right,rgb(var(--c)/.28) var(--s),rgb(128 140 160/.08) var(--s))}
.score span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.score b{font-weight:600;white-space:nowrap;margin-left:6px}
.score.hit{--c:var(--hit)}.score.miss{--c:var(--miss)}
.file{margin:8px 0 0;font-size:.74rem;color:var(--soft);overflow-wrap:anywhere}.file i{font-style:normal}
details summary{cursor:pointer;font-weight:600}pre{overflow-x:auto;font-size:.82rem;margin:.8em 0 0}
footer{color:var(--soft);font-size:.8rem;text-align:center;margin-top:22px}
@media(max-width:760px){.runs thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.runs,.runs tbody{display:block}.runs tr{display:grid;grid-template-columns:1fr 1fr;gap:2px 14px;padding:10px 0;border-bottom:1px solid var(--rule)}
.runs tbody th{grid-column:1/-1;border:0;padding:0 0 4px;text-align:left;font-size:1rem}
.runs td,.runs td:nth-child(2){border:0;padding:1px 0;display:flex;justify-content:space-between;gap:8px;text-align:right;min-width:0}
.runs td::before{content:attr(data-head);color:var(--soft);text-align:left}.runs td:nth-child(4){grid-column:1/-1}.runs td:empty{display:none}}
@media(max-width:560px){main{padding:18px 12px 30px}section{padding:16px 12px}h1{font-size:1.5rem}
.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile{padding:9px 11px}.tile.main{grid-column:1/-1}.tile strong{font-size:1.25rem}
.confusion{border-spacing:1px;font-size:.69rem;letter-spacing:-.02em}.confusion td{min-width:20px;height:26px;padding:0;border-radius:3px}
.confusion th{padding-right:3px}.confusion tbody th,.confusion tfoot th{max-width:66px}.confusion thead .corner{font-size:.66rem;padding-right:3px}
.classes th,.classes td{padding:5px 6px}.classes .bar{width:20%;background-position:3px 50%;background-size:calc(100% - 6px) 70%}}
@media print{:root{--page:#fff;--card:#fff;--ink:#1a2130;--soft:#4c5565;--rule:#d4dae2;--hit:29 99 201;--miss:190 72 8;--first:#1d63c9;--second:#b84a0c;--accent:#0f766e;
--r0:#0067a8;--r1:#b84a0c;--r2:#00775a;--r3:#a23a7d;--r4:#7a5c00;--r5:#5b45c9;--r6:#3d4756;color-scheme:light}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}section,.tile{box-shadow:none}.clip,.chart,tr,.tile,.note{break-inside:avoid}h2,h3,summary{break-after:avoid}
details::details-content{content-visibility:visible;block-size:auto}.scroll,pre{overflow:visible}pre{white-space:pre-wrap}audio{display:none!important}}
`;
