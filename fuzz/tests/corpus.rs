//! Every input that fuzzing found worth keeping, once more.

use std::fs;
use std::path::Path;

fn replay(name: &str) {
    let target = everwire_fuzz::target(name).expect("a target");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let data = fs::read(&entry).expect("a file");
        let lives = std::panic::catch_unwind(|| target(&data));
        assert!(lives.is_ok(), "{} fails", entry.display());
        count += 1;
    }
    assert!(count >= 12, "{count} inputs are no corpus");
}

#[test]
fn the_corpus_of_frames_is_read_by_both_cores() {
    replay("frames");
}

#[test]
fn the_corpus_of_options_makes_machines_that_live() {
    replay("options");
}

#[test]
fn the_corpus_of_inputs_is_lived_through() {
    replay("inputs");
}

#[test]
fn the_corpus_of_streams_says_what_the_standard_says() {
    replay("streams");
}
