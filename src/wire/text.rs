//! Text without the standard library's formatting, which would cost kilobytes of wasm.
//!
//! Owns how numbers, strings and their joints are written; must not know what they mean.

/// `parts`, one after the other.
#[must_use]
pub fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// `text` as a JSON string (RFC 8259 §7).
pub fn quote(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\0'..='\x1f' => {
                let code = character as usize;
                out.push_str("\\u00");
                out.push(HEX[code >> 4] as char);
                out.push(HEX[code & 15] as char);
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// `value` in decimal.
#[must_use]
pub fn decimal(mut value: u64) -> String {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    digits.iter().skip(start).map(|digit| *digit as char).collect()
}
