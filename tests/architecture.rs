//! What the layers may know of one another: wire ← core ← shell, and the demo's server stands on wire and core.
//!
//! Each rule is a function of a file's text, so that it can be shown to fail.

use everwire::core::error::{Reason, Warning};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;

/// A source file as the rules see it: its path inside the repository and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Its code without comments and without its tests, which stand last.
    fn code(&self) -> String {
        let lines = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let path = entry.strip_prefix(root).expect("inside").to_string_lossy().replace('\\', "/");
                found.push(Source { path, text: fs::read_to_string(&entry).expect("text") });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

/// Fails with every violation at once.
fn none(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether `code` says `words` with nothing wordlike on either side.
fn says(code: &str, words: &str) -> bool {
    code.match_indices(words).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + words.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

// --------------------------------------------------------------------------------------------------------- the rules

const BROWSER: [&str; 5] = ["wasm_bindgen", "js_sys", "web_sys", "gloo_timers", "JsValue"];
const IMPURE: [&str; 14] = [
    "std::time",
    "SystemTime",
    "std::thread",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "rand",
    "getrandom",
    "HashMap",
    "HashSet",
    "RandomState",
    "async",
    "await",
];

/// What `source` names and may not, by the layer it belongs to.
fn forbidden_words(source: &Source) -> Vec<String> {
    let code = source.code();
    let mut words: Vec<&str> = Vec::new();
    if source.path.starts_with("src/wire/") {
        words.extend(["crate::core", "crate::shell", "super::super"]);
        words.extend(BROWSER);
        words.extend(IMPURE);
    } else if source.path.starts_with("src/core/") {
        words.extend(["crate::shell", "serde_json"]);
        words.extend(BROWSER);
        words.extend(IMPURE);
    } else if source.path.starts_with("demo/server/") {
        words.extend(["everwire::shell"]);
        words.extend(BROWSER);
    }
    let found = words.into_iter().filter(|word| says(&code, word));
    found.map(|word| format!("{}: names {word}", source.path)).collect()
}

/// What the demo's server takes from everwire beside `wire` and `core`.
fn foreign_imports(source: &Source) -> Vec<String> {
    let code = source.code();
    let named = code.match_indices("everwire::").map(|(at, found)| &code[at + found.len()..]);
    let names = named.map(|rest| rest.chars().take_while(|next| is_word(*next) || *next == '{').collect::<String>());
    names
        .filter(|name| name != "wire" && name != "core")
        .map(|name| format!("{}: everwire::{name}", source.path))
        .collect()
}

/// A module says what it owns and what it must not know, and is of a length one can read.
fn unreadable(source: &Source) -> Vec<String> {
    let header: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let header = header.join(" ");
    let mut found = Vec::new();
    if source.path != "src/lib.rs" && !(header.contains("Owns") && header.to_lowercase().contains("must not know")) {
        found.push(format!("{}: the header says what it owns and what it must not know", source.path));
    }
    if header.is_empty() {
        found.push(format!("{}: begins without a //! header", source.path));
    }
    if source.lines() > MOST_LINES {
        found.push(format!("{}: {} lines want to be two files", source.path, source.lines()));
    }
    found
}

/// Closures that nobody ever lets go of.
fn leaks(source: &Source) -> Vec<String> {
    let code = source.code();
    let leaks = [".forget()", "Closure::forget", "mem::forget", "Box::leak", "into_js_value"];
    leaks.into_iter().filter(|leak| code.contains(leak)).map(|leak| format!("{}: {leak}", source.path)).collect()
}

// -------------------------------------------------------------------------------------------------------- the module

/// The modules that a WebAssembly module imports from (WebAssembly 2.0, §5.5.5), or nothing if it is none.
fn wasm_imports(bytes: &[u8]) -> Option<Vec<String>> {
    let mut at = 8;
    if bytes.get(..8)? != b"\0asm\x01\0\0\0" {
        return None;
    }
    let mut modules = Vec::new();
    while at < bytes.len() {
        let kind = *bytes.get(at)?;
        at += 1;
        let size = leb(bytes, &mut at)?;
        let end = at + size;
        if kind == 2 {
            for _ in 0..leb(bytes, &mut at)? {
                modules.push(name(bytes, &mut at)?);
                name(bytes, &mut at)?;
                skip_description(bytes, &mut at)?;
            }
        }
        at = end;
    }
    Some(modules)
}

/// An unsigned LEB128 number.
fn leb(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

fn name(bytes: &[u8], at: &mut usize) -> Option<String> {
    let length = leb(bytes, at)?;
    let text = bytes.get(*at..*at + length)?;
    *at += length;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn skip_description(bytes: &[u8], at: &mut usize) -> Option<()> {
    let kind = *bytes.get(*at)?;
    *at += 1;
    match kind {
        // A function's type.
        0 => drop(leb(bytes, at)?),
        // A table: the type of its elements, then its limits as those of a memory.
        1 | 2 => {
            *at += usize::from(kind == 1);
            let flags = leb(bytes, at)?;
            leb(bytes, at)?;
            if flags & 1 == 1 {
                leb(bytes, at)?;
            }
        }
        // A global: its type and whether it may change.
        3 => *at += 2,
        // A tag.
        4 => {
            *at += 1;
            leb(bytes, at)?;
        }
        _ => return None,
    }
    Some(())
}

/// What a built module may not import: `env` is what a linker could not resolve.
fn unresolved(bytes: &[u8]) -> Vec<String> {
    match wasm_imports(bytes) {
        None => vec!["this is no WebAssembly module".to_owned()],
        Some(modules) => modules.into_iter().filter(|module| module == "env").collect(),
    }
}

/// The modules for other things beside the one for sockets, where there are any.
fn beside(module: &Path) -> Vec<PathBuf> {
    let named = |build: &str| PathBuf::from(module.to_string_lossy().replace("wasm-bindgen/", build));
    ["wasm-bindgen-stream/", "wasm-bindgen-fallback/", "wasm-bindgen-causal/", "wasm-bindgen-presence/"]
        .map(named)
        .into_iter()
        .filter(|other| other.is_file())
        .collect()
}

/// The module that the Makefile built, where it has. `EVERWIRE_WASM` names one that must be there.
fn built_module() -> Option<PathBuf> {
    if let Ok(named) = std::env::var("EVERWIRE_WASM") {
        let named = PathBuf::from(named);
        assert!(named.is_file(), "EVERWIRE_WASM names {}, which does not exist: run `make pkg`", named.display());
        return Some(named);
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("wasm-bindgen/everwire_bg.wasm");
    built.is_file().then_some(built)
}

// --------------------------------------------------------------------------------------------------------- the tests

#[test]
fn the_wire_and_the_core_know_no_browser_no_clock_no_chance_and_nobody_above_them() {
    none(["src/wire", "src/core"].into_iter().flat_map(sources).flat_map(|source| forbidden_words(&source)).collect());
}

#[test]
fn nobody_imports_the_shell() {
    let outside = sources("src").into_iter().filter(|source| !source.path.starts_with("src/shell/"));
    none(outside.filter(|source| says(&source.code(), "crate::shell")).map(|source| source.path).collect());
}

#[test]
fn the_demo_stands_on_wire_and_core() {
    let server = sources("demo/server/src");
    none(server.iter().flat_map(|source| [forbidden_words(source), foreign_imports(source)].concat()).collect());
}

#[test]
fn every_module_says_what_it_owns_and_can_be_read_at_once() {
    none(sources("src").iter().flat_map(unreadable).collect());
}

#[test]
fn nothing_is_leaked_on_purpose() {
    none(sources("src").iter().flat_map(leaks).collect());
}

#[test]
fn the_built_module_asks_for_nothing_of_env() {
    for module in built_module().into_iter().flat_map(|module| [beside(&module), vec![module]].concat()) {
        none(unresolved(&fs::read(module).expect("a module")));
    }
}

#[test]
fn each_rule_can_fail() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    for (path, text) in [
        ("src/wire/a.rs", "use crate::core::machine;"),
        ("src/wire/a.rs", "use web_sys::WebSocket;"),
        ("src/core/a.rs", "use crate::shell::client;"),
        ("src/core/a.rs", "fn now() { std::time::Instant::now() }"),
        ("src/core/a.rs", "use std::collections::HashMap;"),
        ("src/core/a.rs", "async fn f() {}"),
        ("src/core/a/b.rs", "let x: js_sys::Array;"),
        ("demo/server/src/a.rs", "use everwire::shell::client;"),
    ] {
        assert!(!forbidden_words(&source(path, text)).is_empty(), "{text}");
    }
    for text in
        ["// std::time stands still", "use super::time::Instant;", "let operand = 1;", "#[cfg(test)]\nuse rand::x;"]
    {
        assert!(forbidden_words(&source("src/core/a.rs", text)).is_empty(), "{text}");
    }
    assert!(!foreign_imports(&source("a.rs", "use everwire::{core, wire};")).is_empty());
    assert!(!foreign_imports(&source("a.rs", "use everwire::shell;")).is_empty());
    assert!(foreign_imports(&source("a.rs", "use everwire::core::rng::Rng;")).is_empty());
    assert!(!unreadable(&source("src/a.rs", "//! A thing.\nfn f() {}")).is_empty());
    assert!(
        !unreadable(&source("src/a.rs", &format!("//! Owns a; must not know b.\n{}", "\n".repeat(400)))).is_empty()
    );
    assert!(unreadable(&source("src/a.rs", "//! Owns a; must not know b.\n")).is_empty());
    assert!(!leaks(&source("src/shell/a.rs", "closure.forget();")).is_empty());
}

#[test]
fn an_import_of_env_is_found() {
    // The preamble; an import section of two: "wbg" "f" a function, "env" "memory" a memory of at least one page.
    let section = [&b"\x02\x03wbg\x01f\x00\x00"[..], &b"\x03env\x06memory\x02\x00\x01"[..]].concat();
    let module = [&b"\0asm\x01\0\0\0\x02"[..], &[section.len() as u8], &section].concat();
    assert_eq!(wasm_imports(&module), Some(vec!["wbg".to_owned(), "env".to_owned()]));
    assert_eq!(unresolved(&module), ["env"]);
    assert!(!unresolved(b"no module").is_empty());
    assert_eq!(wasm_imports(&module[..module.len() - 3]), None, "cut short");
}

/// The numbers of what happened, by name, as JavaScript and Rust have them.
fn facts(text: &str, before: &str, between: &str) -> Vec<(String, u32)> {
    let named =
        text.lines().filter_map(|line| line.trim().strip_prefix(before)?.strip_suffix(';')?.split_once(between));
    named.filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?))).collect()
}

#[test]
fn the_facts_have_the_same_numbers_in_javascript_and_in_rust() {
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shell").join(file);
        fs::read_to_string(path).expect("a file of the shell")
    };
    let told = facts(&read("facts.js"), "export const ", " = ");
    assert_eq!(told, facts(&read("client.rs"), "pub(super) const ", ": u32 = "));
    assert!(told.len() > 16 && told.iter().enumerate().all(|(place, (_, number))| *number == place as u32));
}

#[test]
fn the_facts_and_orders_of_a_room_have_the_same_numbers_in_javascript_and_in_rust() {
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        fs::read_to_string(path).expect("a file of the room")
    };
    let told = facts(&read("pkg-template/presence_facts.js"), "export const ", " = ");
    assert_eq!(told, facts(&read("src/shell/presence.rs"), "pub(super) const ", ": u32 = "));
    assert!(told.len() > 20);
}

#[test]
fn the_lists_of_the_wire_stand_in_javascript_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shell");
    let quoted = |names: &[&str]| format!("= ['{}'];", names.join("', '"));
    for (file, names) in [
        ("choices.js", &everwire::wire::message::RESERVED_TYPES[..]),
        ("outlet.js", &everwire::wire::features::Features::NAMES[..]),
    ] {
        let text = fs::read_to_string(root.join(file)).expect("a file of the shell");
        assert!(text.contains(&quoted(names)), "{file} does not list {names:?}");
    }
}

const WARNINGS: [Warning; 8] = [
    Warning::HeartbeatUnsupported,
    Warning::Thrashing,
    Warning::Malformed,
    Warning::Senseless,
    Warning::ManyClients,
    Warning::BreakerOpened,
    Warning::AckUnsupported,
    Warning::Flood,
];

#[test]
fn every_warning_has_a_code_and_a_sentence_of_its_own() {
    let codes: BTreeSet<&str> = WARNINGS.map(Warning::code).into_iter().collect();
    let sentences: BTreeSet<&str> = WARNINGS.map(Warning::message).into_iter().filter(|text| text.len() > 40).collect();
    assert_eq!((codes.len(), sentences.len()), (WARNINGS.len(), WARNINGS.len()));
}

#[test]
fn every_code_of_a_connection_is_documented() {
    let reasons = [
        Reason::Closed { code: 1006 },
        Reason::ConnectTimeout,
        Reason::ProviderFailed,
        Reason::ProviderTimeout,
        Reason::InvalidUrl,
        Reason::HeartbeatLost,
        Reason::Goaway,
        Reason::Suspended,
        Reason::BreakerOpen { code: 1006 },
        Reason::Unauthorized { code: 4401 },
        Reason::Refused { code: 4400 },
        Reason::ByApplication,
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("a file for users");
    let (readme, types) = (read("README.md"), read("pkg-template/index.d.ts"));
    for code in reasons.map(Reason::code).into_iter().chain(WARNINGS.map(Warning::code)) {
        assert!(readme.contains(&format!("`{code}`")), "README.md does not explain {code}");
        assert!(types.contains(&format!("'{code}'")), "index.d.ts does not name {code}");
    }
}
