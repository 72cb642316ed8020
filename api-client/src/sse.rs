//! Server-sent events (WHATWG HTML, section 9.2), read from bytes. Pure.

use crate::error::Error;

/// The longest event that any stream of a server sends is far below.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// Reads a stream of server-sent events, however it is cut into pieces.
#[derive(Debug, Default)]
pub struct Reader {
    /// Of the line that is not whole yet.
    rest: Vec<u8>,
    event: Event,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Empty: it has none.
    pub name: String,
    /// For `Last-Event-ID`.
    pub id: Option<String>,
    /// Its lines.
    pub data: String,
}

impl Reader {
    /// The events that are whole with these bytes.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Error> {
        let mut whole = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.rest.push(*byte);
                if self.rest.len() + self.event.data.len() > MAX_EVENT_BYTES {
                    return Err(Error::TooMuch);
                }
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            let line = String::from_utf8_lossy(&line);
            whole.extend(self.line(line.trim_end_matches('\r')));
        }
        Ok(whole)
    }

    /// An empty line ends an event; a colon begins a comment.
    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != Event::default()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" if self.event.data.is_empty() => value.clone_into(&mut self.event.data),
            "data" => {
                self.event.data.push('\n');
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ":\n\nevent: line\nid: 2\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: end\ndata: over\n\n";

    fn event(name: &str, id: Option<&str>, data: &str) -> Event {
        Event { name: name.to_owned(), id: id.map(str::to_owned), data: data.to_owned() }
    }

    #[test]
    fn events_read_the_same_however_they_are_cut() {
        let wanted = [event("line", Some("2"), "{\"a\":\n1}"), event("end", None, "over")];
        for size in 1..STREAM.len() {
            let mut events = Reader::default();
            let read: Vec<Event> = STREAM.as_bytes().chunks(size).flat_map(|part| events.read(part).unwrap()).collect();
            assert_eq!(read, wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut events = Reader::default();
        assert!(events.read(&vec![b'x'; MAX_EVENT_BYTES]).is_ok());
        assert!(events.read(b"x").is_err());
    }
}
