//! The data plane beside the engine, held against its model in the core: random registers and frames, in every engine.
#![cfg(target_arch = "wasm32")]

use everwire::core::action::{Mode, Registers};
use everwire::core::backlog_model::{BacklogModel, Rule};
use everwire::core::data_plane_model::{DataPlaneModel, Element, Verdict};
use everwire::core::rng::Rng;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/browser/plane.js")]
extern "C" {
    type PlaneUnderTest;
    #[wasm_bindgen(constructor)]
    fn new() -> PlaneUnderTest;
    #[wasm_bindgen(method)]
    #[allow(clippy::too_many_arguments, reason = "one for each register")]
    fn registers(
        this: &PlaneUnderTest,
        pass: bool,
        generation: u32,
        next_seq: f64,
        credit: u32,
        envelope: bool,
        batch: bool,
        track_ts: bool,
        slice: u32,
    ) -> String;
    #[wasm_bindgen(method)]
    fn draw(this: &PlaneUnderTest, count: u32) -> String;
    #[wasm_bindgen(method)]
    fn take(this: &PlaneUnderTest, generation: u32, text: &str) -> String;
    #[wasm_bindgen(method)]
    fn written(this: &PlaneUnderTest) -> String;
}

/// Of every this many frames, one comes after the registers were programmed anew.
const FRAMES_A_PROGRAM: u64 = 8;
const FRAMES: u64 = 20_000;

#[wasm_bindgen_test]
fn the_data_plane_does_what_its_model_does() {
    for seed in 1..=3 {
        let mut rng = Rng::new(seed);
        let plane = PlaneUnderTest::new();
        let mut model = DataPlaneModel::default();
        let mut backlog = BacklogModel::bounded(3, 7, 350);
        let mut batch = false;
        let mut serial = 0;
        for frame in 0..FRAMES {
            if frame % FRAMES_A_PROGRAM == 0 {
                let registers = random_registers(&mut rng);
                batch = registers.batch;
                model.program(registers);
                let delivered = plane.registers(
                    registers.mode == Mode::Pass,
                    registers.generation,
                    registers.next_seq as f64,
                    registers.credit,
                    registers.envelope,
                    registers.batch,
                    registers.track_ts,
                    registers.slice,
                );
                assert_eq!(delivered, letters(backlog.program(registers.slice)), "seed {seed}, frame {frame}");
            }
            if rng.up_to(5) == 0 {
                let count = rng.up_to(6) as u32;
                let expected = letters(backlog.take(count as usize));
                assert_eq!(plane.draw(count), expected, "seed {seed}, frame {frame}: {count} drawn");
            }
            let generation = 1 + rng.up_to(1) as u32;
            let count = if batch { rng.up_to(4) as usize } else { 0 };
            let mut elements: Vec<(Element, Told, String)> = (0..count.max(1))
                .map(|_| {
                    serial += 1;
                    random_element(&mut rng, generation, serial)
                })
                .collect();
            let mut text = elements.iter().map(|(_, _, text)| text.as_str()).collect::<Vec<_>>().join(",");
            if count > 0 {
                text = ["[", &text, "]"].concat();
                if !elements[0].0.typed {
                    // No batch, then, but one opaque message.
                    elements.truncate(1);
                    elements[0].1.n = None;
                }
            }
            let bytes = text.len().div_ceil(elements.len());
            let expected: String = elements
                .iter()
                .map(|(element, told, _)| match model.element(element) {
                    Verdict::Deliver | Verdict::Wait => letters(backlog.add(told.n.unwrap_or(0), told.rule, bytes)),
                    Verdict::Ask => ["a", &told.n.map_or_else(String::new, |n| n.to_string()), " "].concat(),
                })
                .collect();
            assert_eq!(plane.take(generation, &text), expected, "seed {seed}, frame {frame}: {text}");
            let reading = model.read();
            let greatest_ts = reading.greatest_ts.map_or_else(|| "-1".to_owned(), |ts| ts.to_string());
            let waiting = format!("{} {} {} {}", backlog.len(), backlog.bytes(), backlog.dropped, backlog.conflated);
            let written = format!("{} {} {greatest_ts} {waiting}", reading.next_seq, reading.credit);
            assert_eq!(plane.written(), written, "seed {seed}, frame {frame}: {text}");
        }
    }
}

/// What a test knows of an element beside.
struct Told {
    n: Option<u64>,
    rule: Rule,
}

/// What is delivered, as the plane under test says it.
fn letters(delivered: Vec<u64>) -> String {
    delivered.into_iter().map(|n| ["d", &n.to_string(), " "].concat()).collect()
}

fn random_registers(rng: &mut Rng) -> Registers {
    Registers {
        mode: if rng.up_to(3) == 0 { Mode::Hold } else { Mode::Pass },
        generation: 1 + rng.up_to(1) as u32,
        next_seq: rng.up_to(3),
        credit: rng.up_to(12) as u32,
        envelope: rng.up_to(2) > 0,
        batch: rng.up_to(1) > 0,
        frame_bytes: 1_024,
        track_ts: rng.up_to(1) > 0,
        pressed: false,
        slice: if rng.up_to(3) == 0 { 0 } else { 8 },
    }
}

/// An element as the model sees it, and as text.
fn random_element(rng: &mut Rng, generation: u32, n: u64) -> (Element, Told, String) {
    let mut element = Element { generation, typed: true, ..Element::default() };
    let mut rule = Rule::default();
    let mut members = vec![["\"n\":", &n.to_string()].concat()];
    match rng.up_to(11) {
        0 => {
            let text = pick(rng, &["7", "null", "\"x\"", "{}", "[1]", "true"]);
            return (Element { typed: false, ..element }, Told { n: None, rule }, text);
        }
        1 => {
            element.typed = false;
            members.push(pick(rng, &["\"type\":5", "\"type\":null", "\"type\":[\"note\"]", "\"kind\":\"note\""]));
        }
        2 => {
            element.flagged = true;
            members.push("\"type\":\"pong\"".to_owned());
        }
        3 => members.push(pick(rng, &["\"type\":\"__proto__\"", "\"type\":\"constructor\"", "\"type\":\"\""])),
        kind @ 4..=7 => {
            members.push(["\"type\":\"", ["spot", "spark", "star", "note"][kind as usize - 4], "\""].concat());
            rule.droppable = matches!(kind, 5 | 6);
            let key = rng.up_to(3);
            if key > 0 {
                members.push(["\"k\":", &key.to_string()].concat());
            }
            rule.key = (key > 0 && matches!(kind, 4 | 6)).then_some(10 * kind + key);
        }
        _ => members.push("\"type\":\"note\"".to_owned()),
    }
    if rng.up_to(7) == 0 {
        element.id = true;
        members.push(pick(rng, &["\"$id\":\"a.1\"", "\"$id\":null", "\"$id\":5"]));
    }
    match rng.up_to(7) {
        0 => {
            element.seq = Some(0);
            members.push(pick(rng, &["\"$seq\":\"1\"", "\"$seq\":null", "\"$seq\":1.5", "\"$seq\":-1", "\"$seq\":0"]));
        }
        1..=4 => {
            let seq = 1 + rng.up_to(4);
            element.seq = Some(seq);
            members.push(["\"$seq\":", &seq.to_string()].concat());
        }
        _ => {}
    }
    match rng.up_to(5) {
        0 => members.push(pick(rng, &["\"ts\":\"9\"", "\"ts\":null", "\"ts\":1.5", "\"ts\":1e300", "\"ts\":{}"])),
        1 => {
            let ts = rng.up_to(1_000);
            element.ts = Some(ts);
            members.push(["\"ts\":", &ts.to_string()].concat());
        }
        _ => {}
    }
    (element, Told { n: Some(n), rule }, ["{", &members.join(","), "}"].concat())
}

fn pick(rng: &mut Rng, of: &[&str]) -> String {
    of[rng.up_to(of.len() as u64 - 1) as usize].to_owned()
}
