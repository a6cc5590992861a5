//! The network between clients and server.
//!
//! Owns connections from handshake to end, as both sides see them; must not know what is said.

use super::{Happening, World};
use crate::link::{Link, Packet, Pipe};
use crate::plan::{Kind, Step};
use everwire::core::input::{Generation, Input, SocketEvent};
use everwire_server::core::hub;
use serde_json::Value;

/// What a kernel takes off a program's hands before it makes it wait.
const KERNEL_BYTES: usize = 32 << 10;

/// How an attempt goes.
#[derive(Clone, Copy)]
enum Door {
    Open,
    Refused,
    Silent,
    Throws,
    Drops,
}

impl World {
    /// A client makes a socket.
    pub(super) fn connect(&mut self, index: usize, generation: Generation) {
        let own = self.nth(index, generation);
        let step = Step::of(Kind::Door, index as u64, own);
        let mut chance = self.steps.chance(step);
        let (opens, drops) = if self.nature.flaky { (4, 30) } else { (12, 3) };
        let doors =
            [(opens, Door::Open), (3, Door::Refused), (3, Door::Silent), (3, Door::Throws), (drops, Door::Drops)];
        let beside = self.clients[index].state() == "open" && chance.one_in(4);
        if beside && self.steps.takes(step.part(1)) {
            let soon = chance.skewed(200);
            self.later(soon, Happening::Shut(index, step.part(1)));
        }
        let mut door = if self.calm { Door::Open } else { chance.weighted(&doors) };
        if !matches!(door, Door::Open) && !self.steps.takes(step) {
            door = Door::Open;
        }
        if matches!(door, Door::Throws) {
            self.report.fault("the constructor of a socket throws");
            self.with(index, |client, around| client.threw(generation, around));
            return;
        }
        let siblings = self.clients.len() as u32 + chance.below(4) as u32;
        self.with(index, |client, around| client.tell(Input::Siblings(siblings), around));
        self.last_link += 1;
        let id = self.last_link;
        let slow = Step::of(Kind::Slow, index as u64, own);
        let slow = !self.calm && chance.one_in(6) && self.steps.takes(slow);
        if slow {
            self.report.fault("a slow network");
        }
        let mut link = Link {
            client: index,
            generation,
            life: self.clients[index].lives,
            up: Pipe::default(),
            down: Pipe::default(),
            latency: if slow { chance.below(3_000) } else { chance.skewed(120) },
            jitter: chance.skewed(40),
            chance: chance.part(),
            strays: 0,
            served: false,
            wanted: true,
            unwritten: 0,
            clogged: 0,
            twice: false,
            loses: false,
        };
        let at = link.arrival(self.t);
        match door {
            Door::Open => self.put(id, &mut link, at, Way::Up, Packet::Request),
            // As a look over HTTP finds.
            Door::Refused if chance.one_in(2) => {
                self.report.fault("a handshake refused for a time");
                let wait = [0, 1_000, 15_000, 40_000][chance.below(4) as usize];
                self.put(id, &mut link, at + 1, Way::Down, Packet::Limited(wait));
            }
            Door::Refused => {
                self.report.fault("a handshake refused");
                self.put(id, &mut link, at + 1, Way::Down, Packet::Close(1006));
            }
            Door::Silent => {
                self.report.fault("a handshake never answered");
                link.up.blind(&mut chance);
            }
            Door::Drops => {
                self.report.fault("accepted and dropped");
                self.put(id, &mut link, at, Way::Up, Packet::Request);
                let after = chance.skewed(4_000);
                self.at(at + after, Happening::Proxy(id, 1006));
            }
            Door::Throws => {}
        }
        self.wires.insert((index, generation), id);
        self.links.insert(id, link);
    }

    /// The number of a socket among all that a client made.
    fn nth(&self, index: usize, generation: Generation) -> u64 {
        u64::from(self.clients[index].lives) << 32 | u64::from(generation)
    }

    /// A client hands a frame to a socket.
    pub(super) fn say(&mut self, index: usize, generation: Generation, text: String, delay: u64) {
        self.said[index] += 1;
        let step = Step::of(Kind::Throw, index as u64, self.said[index]);
        let broken = self.thrown == Some((index, generation));
        let often = if self.clients[index].state() == "closing" { 6 } else { 120 };
        if !self.calm && (broken || self.steps.chance(step).one_in(often)) && self.steps.takes(step) {
            self.thrown = Some((index, generation));
            self.report.fault("send throws");
            self.with(index, |client, around| client.tell(Input::Socket(generation, SocketEvent::SendFailed), around));
            return;
        }
        self.send(index, generation, Packet::Text(text), delay);
    }

    /// A client closes a socket, and hears no more of it.
    pub(super) fn leave(&mut self, index: usize, generation: Generation, code: u16) {
        self.send(index, generation, Packet::Close(code), 0);
        if let Some(id) = self.wires.remove(&(index, generation))
            && let Some(link) = self.links.get_mut(&id)
        {
            link.wanted = false;
        }
    }

    fn send(&mut self, index: usize, generation: Generation, packet: Packet, delay: u64) {
        let Some(id) = self.wires.get(&(index, generation)).copied() else { return };
        self.put_after(id, Way::Up, packet, delay);
    }

    /// Puts a packet into a connection's pipe.
    pub(super) fn to(&mut self, id: u64, way: Way, packet: Packet) {
        self.put_after(id, way, packet, 0);
    }

    fn put_after(&mut self, id: u64, way: Way, packet: Packet, delay: u64) {
        let Some(mut link) = self.links.remove(&id) else { return };
        let at = link.arrival(self.t + delay);
        if matches!(packet, Packet::Text(_)) && std::mem::take(&mut link.twice) {
            self.report.fault("a frame said twice by a proxy");
            self.put(id, &mut link, at, way, packet.clone());
        }
        self.put(id, &mut link, at, way, packet);
        self.links.insert(id, link);
    }

    fn put(&mut self, id: u64, link: &mut Link, at: u64, way: Way, packet: Packet) {
        let (pipe, happening) = match way {
            Way::Up => (&mut link.up, Happening::Up(id)),
            Way::Down => (&mut link.down, Happening::Down(id)),
        };
        if let Some(at) = pipe.put(at, packet) {
            self.at(at, happening);
        }
    }

    pub(super) fn arrive_up(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(packet) = link.up.take(self.t) else {
            if let Some(next) = link.up.next() {
                self.at(next.max(self.t + 1), Happening::Up(id));
            }
            return;
        };
        let served = link.served;
        match packet {
            Packet::Request => self.request(id),
            Packet::Text(text) if served => self.read(id, &text),
            Packet::Ping if served => self.input(hub::Input::Alive { conn: id }),
            Packet::Close(_) if served => {
                self.unserved(id);
                self.input(hub::Input::Disconnected { conn: id });
                self.to(id, Way::Down, Packet::Close(1000));
            }
            Packet::Text(_) | Packet::Ping | Packet::Close(_) | Packet::Limited(_) | Packet::Accepted => {}
        }
        self.forget(id);
    }

    /// A handshake reaches the server, or the proxy before it, which knows the tokens.
    fn request(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !self.server.runs() {
            self.to(id, Way::Down, Packet::Close(1006));
            return;
        }
        let expires = self.clients[link.client].token.as_deref().and_then(|token| token.parse::<u64>().ok());
        let expires = expires.unwrap_or(u64::MAX);
        if self.nature.token_life > 0 && expires <= self.t {
            self.report.fault("a token refused");
            self.to(id, Way::Down, Packet::Accepted);
            self.to(id, Way::Down, Packet::Close(4401));
            return;
        }
        link.served = true;
        if self.nature.token_life > 0 && !self.calm {
            self.at(expires, Happening::Proxy(id, 4401));
        }
        self.to(id, Way::Down, Packet::Accepted);
        self.input(hub::Input::Connected { conn: id, dag_id: crate::server::ROOM.to_owned() });
    }

    pub(super) fn arrive_down(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (index, generation) = (link.client, link.generation);
        if let Some(until) = self.sleeps(index) {
            self.at(until, Happening::Down(id));
            return;
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(packet) = link.down.take(self.t) else {
            if let Some(next) = link.down.next() {
                self.at(next.max(self.t + 1), Happening::Down(id));
            }
            return;
        };
        let (wanted, clogged) = (link.wanted, link.unwritten > 0);
        if !wanted {
            self.stray(id, &packet);
        }
        match packet {
            Packet::Accepted if wanted => {
                let step = Step::of(Kind::Door, index as u64, self.nth(index, generation)).part(2);
                let mut chance = self.steps.chance(step);
                if chance.one_in(30) && self.steps.takes(step) {
                    let soon = chance.skewed(60);
                    self.later(soon, Happening::Shut(index, step));
                }
                self.with(index, |client, around| client.opened(generation, around));
            }
            Packet::Text(text) => {
                if clogged {
                    self.took(id, text.len());
                }
                if wanted {
                    self.with(index, |client, around| client.frame(generation, &text, around));
                }
            }
            // The browser answers, not the page.
            Packet::Ping => self.to(id, Way::Up, Packet::Ping),
            Packet::Close(_) | Packet::Limited(_) if wanted => {
                self.wires.remove(&(index, generation));
                if let Some(link) = self.links.get_mut(&id) {
                    link.wanted = false;
                }
                self.with(index, |client, around| {
                    if let Packet::Limited(wait) = packet {
                        client.limited(generation, wait, around);
                    } else if let Packet::Close(code) = packet {
                        client.closed(generation, code, around);
                    }
                });
            }
            Packet::Accepted | Packet::Close(_) | Packet::Limited(_) | Packet::Request => {}
        }
        self.forget(id);
    }

    /// A packet arrives at a socket that was left. The page may hear it once more.
    fn stray(&mut self, id: u64, packet: &Packet) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (index, generation, life) = (link.client, link.generation, link.life);
        link.strays += 1;
        let step = Step::of(Kind::Stray, id, link.strays);
        let same = self.clients[index].lives == life;
        if self.calm || !same || !self.steps.chance(step).one_in(3) || !self.steps.takes(step) {
            return;
        }
        self.report.fault("a socket that was left speaks");
        self.with(index, |client, around| match packet {
            Packet::Text(text) => client.stray(generation, text, around),
            Packet::Accepted => client.stray_event(generation, SocketEvent::Opened, around),
            Packet::Close(code) => {
                client.stray_event(generation, SocketEvent::Closed { code: *code, overrule: None }, around);
            }
            Packet::Request | Packet::Ping | Packet::Limited(_) => {}
        });
    }

    /// The server hands a frame to a socket. It is taken at once while there is room.
    pub(super) fn hand(&mut self, id: u64, text: String) {
        let mut text = self.without_state(text);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.loses
            && let Some(less) = without_one(&text)
        {
            link.loses = false;
            if link.chance.one_in(3) {
                // What is asked then is not heard for so long that it is given up.
                link.up.hold(self.t + 25_000);
            }
            self.report.fault("an event lost on a live connection");
            text = less;
        }
        if link.chance.one_in(10)
            && let Some(turned) = turned(&text)
        {
            self.report.fault("answers in another order");
            text = turned;
        }
        let bytes = text.len();
        if link.clogged > self.t || link.down.bytes() > KERNEL_BYTES {
            link.unwritten += bytes;
        } else {
            self.later(0, Happening::Written(id, bytes));
        }
        self.to(id, Way::Down, Packet::Text(text));
    }

    fn took(&mut self, id: u64, bytes: usize) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let bytes = bytes.min(link.unwritten);
        link.unwritten -= bytes;
        self.written(id, bytes);
    }

    /// A connection is no more, for the server.
    pub(super) fn unserved(&mut self, id: u64) {
        self.peers.remove(&id);
        if let Some(link) = self.links.get_mut(&id) {
            link.served = false;
        }
    }

    fn forget(&mut self, id: u64) {
        if self.links.get(&id).is_some_and(Link::is_over) {
            self.links.remove(&id);
        }
    }

    pub(super) fn kernels_give_up(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up.end();
        link.down.end();
        self.to(id, Way::Up, Packet::Close(1006));
        self.to(id, Way::Down, Packet::Close(1006));
    }

    /// What stands between both sides ends a connection: what is in the pipes is lost in part.
    pub(super) fn proxy_ends(&mut self, id: u64, code: u16) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if self.calm && code == 4401 {
            return;
        }
        link.cut();
        self.to(id, Way::Up, Packet::Close(1006));
        self.to(id, Way::Down, Packet::Close(code));
    }
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// A batch in which the acknowledgements stand in the reverse order, if there are several.
fn turned(text: &str) -> Option<String> {
    if text.matches(r#""type":"ack""#).count() < 2 {
        return None;
    }
    let mut elements: Vec<Value> = serde_json::from_str(text).ok()?;
    let is_ack = |element: &Value| element.get("type").and_then(Value::as_str) == Some("ack");
    let places: Vec<usize> = (0..elements.len()).filter(|place| is_ack(&elements[*place])).collect();
    for (first, last) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
        elements.swap(*first, *last);
    }
    Some(Value::Array(elements).to_string())
}

/// A batch without one of its numbered events, if another follows it: the hole can be seen. Of the same length.
fn without_one(text: &str) -> Option<String> {
    let mut elements: Vec<Value> = serde_json::from_str(text).ok()?;
    let is_numbered = |element: &Value| element.get("$seq").is_some();
    let first = elements.iter().position(is_numbered)?;
    elements.get(first + 1..)?.iter().find(|element| is_numbered(element))?;
    elements.remove(first);
    let less = Value::Array(elements).to_string();
    Some(less.clone() + &" ".repeat(text.len().saturating_sub(less.len())))
}
