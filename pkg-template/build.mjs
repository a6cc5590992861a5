// @ts-check
// Owns the assembly of the npm package: the template, and what wasm-bindgen made of the crate
// (`--target web` with `omit-default-module-path`); must not know what any of it does.
//
//     node pkg-template/build.mjs <cargo's target folder> <folder of the package>
//
// The build for sockets is in `wasm-bindgen` there, each other one in `wasm-bindgen-<its feature>`.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inline } from './inline.mjs';

const template = dirname(fileURLToPath(import.meta.url));
const repository = dirname(template);
const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error("usage: node build.mjs <cargo's target folder> <folder of the package>");

/** What of the template is for those who work on it and not for those who use the package. */
const notPublished = ['build.mjs', 'inline.mjs', 'package.json', 'tsconfig.json', 'wasm-code.mjs'];

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });

for (const file of readdirSync(template)) {
  if (!notPublished.includes(file)) cpSync(join(template, file), join(to, file));
}
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) cpSync(join(repository, licence), join(to, licence));

const manifest = JSON.parse(readFileSync(join(template, 'package.json'), 'utf8'));
manifest.version = versionOf(readFileSync(join(repository, 'Cargo.toml'), 'utf8'));
writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

add(join(from, 'wasm-bindgen'), 'core.js', 'core.wasm', 'wasm.js');
for (const module of ['stream', 'fallback', 'causal', 'presence']) {
  add(join(from, `wasm-bindgen-${module}`), `${module}_core.js`, `${module}.wasm`, `${module}_wasm.js`);
}

for (const file of readdirSync(to).filter((name) => name.endsWith('.js'))) refuseWhatBundlersDislike(file);

/**
 * One build of the crate, under names of its own.
 *
 * @param {string} from @param {string} js @param {string} wasm @param {string} text
 */
function add(from, js, wasm, text) {
  const moved = flattenSnippets(from);
  const glue = withoutPaths(readFileSync(join(from, 'everwire.js'), 'utf8'), moved);
  writeFileSync(join(to ?? '', js), withoutDeadWeight(withShortNames(glue, join(from, 'everwire_bg.wasm'), join(to ?? '', wasm))));
  const module = readFileSync(join(to ?? '', wasm));
  writeFileSync(join(to ?? '', text), `// ${wasm} as inlined.js reads it.\nexport const text = "${inline(module)}";\n`);
}

/** The version of the crate is the version of the package. @param {string} cargoToml */
function versionOf(cargoToml) {
  const found = /^\[package\]\n(?:[^[].*\n)*?version = "(.+)"$/m.exec(cargoToml);
  if (!found?.[1]) throw new Error('Cargo.toml: no version in [package]');
  return found[1];
}

/**
 * The crate's JavaScript lies under a hash that changes with every build; in the package its files
 * have their own names, beside the others.
 *
 * @param {string} from
 */
function flattenSnippets(from) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (!entry.isFile() || !path.startsWith('snippets/')) continue;
    const name = basename(path);
    const [source, target] = [join(from, path), join(to ?? '', name)];
    // Both builds have what both need.
    if (existsSync(target) && readFileSync(source, 'utf8') !== readFileSync(target, 'utf8')) {
      throw new Error(`two files of the package are named ${name}`);
    }
    cpSync(source, target);
    names.set(`./${path}`, `./${name}`);
  }
  return names;
}

/**
 * Only what is imported from moves: the same path may stand in the table of imports as the name under
 * which the wasm module knows it.
 *
 * @param {string} glue
 * @param {Map<string, string>} moved
 */
function withoutPaths(glue, moved) {
  // The types that people see are written by hand; the generated ones are not published.
  let text = glue.replace('/* @ts-self-types="./everwire.d.ts" */\n', '');
  for (const [path, name] of moved) {
    for (const quote of [`'`, `"`]) text = text.replaceAll(` from ${quote}${path}${quote}`, ` from '${name}'`);
  }
  if (/ from ['"]\.\/snippets\//.test(text)) throw new Error('the generated module still imports from snippets/');
  return text;
}

/**
 * Between the module and the generated code everything has a name of 30 characters, which is a tenth of the module.
 * `wasm-opt` writes it to the package with short ones, in one namespace, and says which; the glue follows.
 *
 * @param {string} glue
 * @param {string} original
 * @param {string} shortened
 */
function withShortNames(glue, original, shortened) {
  const args = ['--minify-imports-and-exports-and-modules', '--strip-target-features', original, '-o', shortened];
  /** @type {{ imports: [module: string, name: string, short: string][], exports: [name: string, short: string][] }} */
  const names = JSON.parse(execFileSync('wasm-opt', args, { encoding: 'utf8' }));
  // Which namespace of the module is which object of the glue.
  const table = /return \{\n\s*__proto__: null,\n((?:\s*"[^"]+": import\d+,\n)+)\s*\};/;
  const rows = (table.exec(glue)?.[1] ?? '').matchAll(/"([^"]+)": (import\d+)/g);
  const places = new Map([...rows].map(([, path, place]) => [path, place]));
  const others = [];
  for (const [module, name, short] of names.imports) {
    const place = places.get(module);
    if (place === undefined) throw new Error(`the module imports ${name} of ${module}, which the glue does not have`);
    if (place === 'import0') glue = replaced(glue, `        ${name}: function`, `        ${short}`);
    else others.push(`        ${short}: ${place}.${name},\n`);
  }
  for (const [name, short] of names.exports) {
    glue = glue.replace(new RegExp(`\\bwasm\\.${name.replaceAll('$', '\\$')}\\b`, 'g'), () => `wasm.${short}`);
  }
  return replaced(glue, table.exec(glue)?.[0] ?? '', `return { a: { ...import0,\n${others.join('')}    } };`);
}

/**
 * What the generated code does for callers that this package does not have: `load.js` is the only one. What runs on import
 * asks as before: servers import the package too.
 *
 * @param {string} glue
 */
function withoutDeadWeight(glue) {
  /** @type {[what: string, by: string][]} */
  const replacements = [
    ['if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {', 'if (!cachedUint8ArrayMemory0?.byteLength) {'],
    // The decoders of WebKit stop after 2 GB, all texts together.
    [
      `let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
`,
      `let cachedTextDecoder;
let numBytesLeft = 0;
`,
    ],
    [
      `    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
`,
      `    numBytesLeft -= bytes.length;
    if (!cachedTextDecoder || numBytesLeft < 0) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        numBytesLeft = 2e9 - bytes.length;
    }
`,
    ],
    [`let wasmModule, wasmInstance, wasm;`, 'let wasm;'],
    [`    wasmInstance = instance;\n`, ''],
    // Views of a memory, which there is none of yet.
    [/ {4}wasmModule = module;\n(?: {4}cached\w+Memory0 = null;\n)+/.exec(glue)?.[0] ?? '', ''],
    [
      `    if (wasm !== undefined) return wasm;


    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module} = module)
        } else {
            console.warn('using deprecated parameters for \`initSync()\`; pass a single object instead')
        }
    }
`,
      `    ({module} = module)
`,
    ],
  ];
  const disposable = /if \(Symbol\.dispose\) (\w+)\.prototype\[Symbol\.dispose\] = \1\.prototype\.free;\n/g;
  return replacements.reduce((text, [what, by]) => replaced(text, what, by), glue.replace(disposable, ''));
}

/** @param {string} text @param {string} what @param {string} by */
function replaced(text, what, by) {
  if (what === '' || text.split(what).length !== 2) throw new Error(`the generated module has not one ${what}`);
  return text.replace(what, () => by);
}

/** @param {string} file */
function refuseWhatBundlersDislike(file) {
  const lines = readFileSync(join(to ?? '', file), 'utf8').split('\n');
  const text = lines.filter((line) => !/^\s*(?:\*|\/[*/])/.test(line)).join('\n');
  for (const word of ['import.meta', 'import(', 'require(']) {
    if (text.includes(word)) throw new Error(`${file} contains ${word}, which not every bundler takes without configuration`);
  }
}
