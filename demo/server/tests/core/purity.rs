//! The core touches nothing.

use std::{fs, path::Path};

/// What a file of the core may not name: whatever waits, touches the machine or asks for the time or for chance.
const FORBIDDEN: [&str; 10] = [
    "tokio",
    "axum",
    "redb",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "getrandom",
];

fn check(folder: &Path, seen: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            check(&path, seen);
            continue;
        }
        *seen += 1;
        let text = fs::read_to_string(&path).expect("read");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in FORBIDDEN {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
            let outward = line.contains("crate::shell") || line.contains("crate::store");
            assert!(!outward, "{}:{}: the core knows neither shell nor store", path.display(), number + 1);
        }
    }
}

#[test]
fn the_core_names_nothing_that_waits_or_touches() {
    let mut seen = 0;
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core"), &mut seen);
    assert!(seen > 15);
}
