//! The standard's words, one after the other, over the text of a whole stream.
//!
//! Owns what is right (HTML standard, §9.2.6 "Interpreting an event stream"); must not know chunks, bytes or speed.

/// What a stream says, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// An event: its type, its data, and the last event id then.
    Event(String, String, String),
    /// An id that counts without an event.
    Id(String),
    /// A reconnection time in milliseconds.
    Retry(u32),
    Comment,
    TooLong,
}

/// The text of `bytes`, without what could still become a character, and without a byte order mark.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let may_go_on = chunks.peek().is_none()
            && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        if !chunk.invalid().is_empty() && !may_go_on {
            text.push('\u{fffd}');
        }
    }
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

/// Everything that `stream` says. Its last line may have no end, and then says nothing.
pub(crate) fn said(stream: &[u8], limit: usize) -> Vec<Said> {
    let text = decoded(stream).replace("\r\n", "\n").replace('\r', "\n");
    let mut said = Vec::new();
    let (mut data, mut kind, mut id) = (String::new(), String::new(), String::new());
    let (mut has_id, mut held) = (false, 0);
    let lines: Vec<&str> = text.split('\n').collect();
    for (index, line) in lines.iter().enumerate() {
        let length = line.encode_utf16().count();
        if held + length > limit {
            said.push(Said::TooLong);
            break;
        }
        if index == lines.len() - 1 {
            break;
        }
        if line.is_empty() {
            if let Some(data) = data.strip_suffix('\n') {
                let kind = if kind.is_empty() { "message" } else { &kind };
                said.push(Said::Event(kind.to_owned(), data.to_owned(), id.clone()));
            } else if has_id {
                said.push(Said::Id(id.clone()));
            }
            data.clear();
            kind.clear();
            (has_id, held) = (false, 0);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => said.push(Said::Comment),
            "data" => {
                data.push_str(value);
                data.push('\n');
                held += length;
            }
            "event" => value.clone_into(&mut kind),
            "id" if !value.contains('\0') => {
                value.clone_into(&mut id);
                has_id = true;
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                said.push(Said::Retry(value.parse().unwrap_or(u32::MAX)));
            }
            _ => {}
        }
    }
    said
}
