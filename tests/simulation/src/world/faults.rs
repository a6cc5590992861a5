//! What the network, the page and the server do to spoil things.
//!
//! Owns the kinds of faults and how often each comes; must not know what is done about one.

use super::network::Way;
use super::{Happening, Sleep, World};
use crate::link::Packet;
use crate::plan::{Kind, Step};
use crate::server::{Death, ROOM};
use everwire::core::input::PageEvent;
use everwire_server::core::hub::Input;

/// How long a kernel tries.
const KERNEL_MS: u64 = 120_000;
const HOUR: u64 = 3_600_000;
/// From this number on, faults come beside the others.
pub(super) const EXTRA: u64 = 1 << 40;

#[derive(Clone, Copy)]
enum Fault {
    Cut,
    Code,
    HalfOpen,
    Held,
    Late,
    Replayed,
    Nonsense,
    ServerPing,
    Handover,
    Sleep,
    Wall,
    Freeze,
    Kill,
    PageHide,
    Visibility,
    Network,
    Restart(bool),
    Drain,
    Flood,
    Slow,
    Hole,
}

impl World {
    pub(super) fn fault(&mut self, nth: u64) {
        if self.calm {
            return;
        }
        let step = Step::of(Kind::Fault, 0, nth);
        self.chance = self.steps.chance(step);
        let pause = self.chance.between(1, self.nature.fault_every * 2);
        if nth < EXTRA {
            self.later(pause, Happening::Fault(nth + 1));
        }
        if !self.steps.takes(step) {
            return;
        }
        let fault = self.chance.weighted(&[
            (8, Fault::Cut),
            (8, Fault::Code),
            (8, Fault::HalfOpen),
            (8, Fault::Held),
            (8, Fault::Late),
            (34, Fault::Replayed),
            (34, Fault::Nonsense),
            (34, Fault::ServerPing),
            (34, Fault::Handover),
            (10, Fault::Sleep),
            (5, Fault::Wall),
            (12, Fault::Freeze),
            (10, Fault::Kill),
            (12, Fault::PageHide),
            (12, Fault::Visibility),
            (12, Fault::Network),
            (4, Fault::Restart(true)),
            (4, Fault::Restart(false)),
            (4, Fault::Drain),
            (16, Fault::Flood),
            (10, Fault::Slow),
            (52, Fault::Hole),
        ]);
        let index = self.somebody();
        match fault {
            Fault::Flood => self.flood(),
            Fault::Restart(keeps) => self.restart(keeps),
            Fault::Drain => self.drain(),
            Fault::Wall if self.chance.one_in(4) => self.server_wall(),
            Fault::Wall => self.client_wall(index),
            Fault::Sleep if self.sleeps(index).is_none() => self.sleep(index),
            Fault::Freeze if self.sleeps(index).is_none() => self.freeze(index, step),
            Fault::Kill => self.kill(index, step),
            Fault::PageHide if self.sleeps(index).is_none() => {
                self.report.fault("pagehide");
                self.page(index, PageEvent::PageHide);
                if self.chance.one_in(2) {
                    self.page(index, PageEvent::PageShow);
                }
            }
            Fault::Visibility if self.sleeps(index).is_none() => {
                self.report.fault("hidden or visible");
                let event = if self.clients[index].visible { PageEvent::Hidden } else { PageEvent::Visible };
                self.page(index, event);
                let also = if self.chance.one_in(2) { PageEvent::PageShow } else { PageEvent::Focus };
                self.page(index, also);
            }
            Fault::Network if self.sleeps(index).is_none() => {
                self.report.fault("offline or online");
                self.page(index, PageEvent::Offline);
                if !self.chance.one_in(3) {
                    self.page(index, PageEvent::Online);
                }
            }
            Fault::Sleep | Fault::Freeze | Fault::PageHide | Fault::Visibility | Fault::Network => {}
            Fault::Cut
            | Fault::Code
            | Fault::HalfOpen
            | Fault::Held
            | Fault::Late
            | Fault::Replayed
            | Fault::Nonsense
            | Fault::ServerPing
            | Fault::Handover
            | Fault::Slow
            | Fault::Hole => self.spoil(fault, index),
        }
    }

    /// A client; one that is closing rather than another, because that never lasts.
    fn somebody(&mut self) -> usize {
        let any = self.chance.below(self.clients.len() as u64) as usize;
        let closing = self.clients.iter().position(|client| client.state() == "closing");
        closing.filter(|_| self.chance.one_in(2)).unwrap_or(any)
    }

    /// Something befalls one connection.
    fn spoil(&mut self, fault: Fault, index: usize) {
        let speaks = matches!(fault, Fault::Nonsense | Fault::ServerPing | Fault::Handover | Fault::Replayed);
        let alive = self.links.iter().filter(|(_, link)| link.wanted && (link.served || !speaks)).map(|(id, _)| *id);
        let alive: Vec<u64> = alive.collect();
        let any = alive.get(self.chance.below(alive.len() as u64) as usize).copied();
        let own = alive.iter().copied().find(|id| self.links[id].client == index);
        let Some(id) = own.filter(|_| self.chance.one_in(2)).or(any) else { return };
        let until = self.t + self.chance.skewed(60_000);
        let Some(link) = self.links.get_mut(&id) else { return };
        match fault {
            Fault::Cut => {
                self.report.fault("a connection lost");
                self.proxy_ends(id, 1006);
            }
            Fault::Code => {
                self.report.fault("a connection closed with a code");
                let codes = [1000, 1001, 1005, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4200, 4409, 4429, 4500];
                let code = codes[self.chance.below(codes.len() as u64) as usize];
                // It says that a frame was not taken, which a proxy does not say of one that was.
                let messages = &self.clients[link.client].messages;
                let is_taken = messages.in_flight().any(|mark| self.truth.has_applied(mark));
                let code = if code == 1009 && is_taken { 1006 } else { code };
                self.proxy_ends(id, code);
            }
            Fault::HalfOpen => {
                self.report.fault("half-open, bytes vanish");
                let both = self.chance.below(3);
                if both != 0 {
                    link.up.blind(&mut self.chance);
                }
                if both != 1 {
                    link.down.blind(&mut self.chance);
                }
                // A client that has never heard this server does not declare it dead (`PROTOCOL.md`, peers); its kernel
                // does, when nothing of what was sent is confirmed.
                self.later(KERNEL_MS, Happening::GiveUp(id));
            }
            Fault::Held => {
                self.report.fault("half-open, bytes are held");
                let both = self.chance.below(3);
                if both != 0 {
                    link.up.hold(until);
                }
                if both != 1 {
                    link.down.hold(until);
                }
            }
            Fault::Late => {
                self.report.fault("an old socket whose frames come late");
                link.up.hold(until);
                link.down.cut(&mut self.chance);
                self.to(id, Way::Down, Packet::Close(1006));
            }
            Fault::Replayed => link.twice = true,
            Fault::Hole => link.loses = true,
            Fault::Nonsense => {
                self.report.fault("frames that make no sense");
                let text =
                    ["{", "[]", "7", r#"{"type":"hello"}"#, r#"{"type":"ack","id":7}"#, r#"{"type":"a","$seq":-1}"#];
                let text = text[self.chance.below(text.len() as u64) as usize];
                self.to(id, Way::Down, Packet::Text(text.to_owned()));
            }
            Fault::ServerPing => {
                self.report.fault("pings of a proxy's");
                self.to(id, Way::Down, Packet::Text(r#"{"type":"ping","ts":1}"#.to_owned()));
            }
            Fault::Handover => {
                self.report.fault("goaway with handover");
                let (after, spread, grace) =
                    (self.chance.skewed(10_000), self.chance.skewed(4_000), self.chance.skewed(60_000));
                let text = format!(r#"{{"type":"goaway","retry_after":{after},"spread":{spread},"grace":{grace}}}"#);
                self.to(id, Way::Down, Packet::Text(text));
                self.later(grace + 2_000, Happening::Proxy(id, 1001));
            }
            Fault::Slow => {
                self.report.fault("a slow reader");
                link.clogged = until;
                link.down.hold(until);
            }
            Fault::Sleep
            | Fault::Wall
            | Fault::Freeze
            | Fault::Kill
            | Fault::PageHide
            | Fault::Visibility
            | Fault::Network
            | Fault::Restart(_)
            | Fault::Drain
            | Fault::Flood => {}
        }
    }

    fn sleep(&mut self, index: usize) {
        self.trace.note(self.t, index as u64, "sleeps", String::new);
        self.report.fault("sleep");
        let most = self.chance.weighted(&[(1, 3 * HOUR), (6, 200_000), (6, 60_000)]);
        let until = self.t + self.chance.between(500, most);
        let stands = self.chance.one_in(2);
        self.asleep[index] = Sleep::Machine { until, since: self.t, stands };
        self.at(until, Happening::Wake(index));
    }

    fn freeze(&mut self, index: usize, step: Step) {
        self.report.fault("a frozen page");
        let mut most = self.chance.skewed(400_000);
        let own = self.links.iter().find(|(_, link)| link.client == index && link.wanted && link.served);
        if let Some(id) = own.map(|(id, _)| *id)
            && self.chance.one_in(3)
        {
            // It said something, and reads when it wakes what was said before that was answered.
            self.report.count("pages frozen with words in their sockets");
            let forgotten = KERNEL_MS + self.server.limits.keep + self.server.limits.idle;
            most = forgotten + self.chance.between(1_000, 60_000);
            self.to(id, Way::Down, Packet::Text(r#"{"type":"ping","ts":1}"#.to_owned()));
            if let Some(link) = self.links.get_mut(&id) {
                link.down.mute();
            }
            self.send_some(index, step);
            self.later(KERNEL_MS, Happening::GiveUp(id));
        }
        self.page(index, PageEvent::Hidden);
        self.page(index, PageEvent::Frozen);
        let until = self.t + most;
        self.asleep[index] = Sleep::Frozen { until };
        self.at(until, Happening::Wake(index));
    }

    /// The browser kills a page, perhaps before what it has just said left it, and the user opens it anew.
    fn kill(&mut self, index: usize, step: Step) {
        if self.clients[index].state() == "idle" {
            return;
        }
        self.report.fault("a page killed");
        if self.sleeps(index).is_none() && self.chance.one_in(2) {
            self.clients[index].doomed = true;
            self.send_some(index, step);
            self.clients[index].doomed = false;
        }
        self.gone(index, step);
    }

    /// A page is no more, and another one is opened.
    pub(super) fn gone(&mut self, index: usize, step: Step) {
        self.asleep[index] = Sleep::Awake;
        let mut chance = self.steps.chance(step.part(99));
        let left: Vec<u64> =
            self.links.iter().filter(|(_, link)| link.client == index && link.wanted).map(|(id, _)| *id).collect();
        for id in left {
            if let Some(link) = self.links.get_mut(&id) {
                link.wanted = false;
                self.wires.remove(&(index, link.generation));
            }
            // What was given to the kernel arrives, or not.
            if chance.one_in(2) {
                self.to(id, Way::Up, Packet::Close(1006));
            } else {
                self.proxy_ends(id, 1006);
            }
        }
        self.clients[index].die(self.t);
        self.with(index, |client, around| {
            client.tell(everwire::core::input::Input::Start, around);
            client.tell(everwire::core::input::Input::WantState(client.wants_state), around);
            let page = if client.visible { PageEvent::Visible } else { PageEvent::Hidden };
            client.tell(everwire::core::input::Input::Page(page), around);
        });
    }

    pub(super) fn wake(&mut self, index: usize) {
        // The sleep of a page that was killed.
        if self.sleeps(index).is_some_and(|until| until > self.t) {
            return;
        }
        let was = std::mem::replace(&mut self.asleep[index], Sleep::Awake);
        match was {
            Sleep::Awake => {}
            Sleep::Machine { since, stands, .. } => {
                let client = &mut self.clients[index];
                if stands {
                    client.lag += self.t - since;
                }
                if client.woke(since, self.t, stands) {
                    self.truth.excuses(&client.identity);
                }
            }
            Sleep::Frozen { .. } => {
                self.clients[index].woke(self.t, self.t, false);
                self.page(index, PageEvent::Resumed);
                self.page(index, PageEvent::Visible);
            }
        }
    }

    fn client_wall(&mut self, index: usize) {
        self.report.fault("a wall clock that jumps");
        let jump = self.chance.skewed(HOUR) as i64;
        self.clients[index].wall += if self.chance.one_in(2) { jump } else { -jump };
    }

    fn server_wall(&mut self) {
        self.report.fault("a wall clock that jumps");
        let jump = self.chance.skewed(600_000) as i64;
        self.server.wall += if self.chance.one_in(2) { jump } else { -jump };
    }

    fn restart(&mut self, keeps_journal: bool) {
        if !self.server.runs() || self.stopping {
            return;
        }
        self.report.fault(if keeps_journal { "a restart with the journal" } else { "a restart without the journal" });
        let death = if self.chance.one_in(2) { Death::BeforeCommit } else { Death::AfterCommit };
        self.die(death);
        let down = self.chance.skewed(20_000);
        self.later(down, Happening::Boot(keeps_journal));
    }

    fn drain(&mut self) {
        if !self.server.runs() || self.stopping {
            return;
        }
        self.report.fault("a server that drains");
        self.stopping = true;
        let (grace, spread) = (self.chance.skewed(10_000), self.chance.skewed(4_000));
        self.input(Input::Shutdown { grace, spread });
        self.later(grace, Happening::Stop);
    }

    /// Many commands end at once; where none runs, another run begins.
    fn flood(&mut self) {
        if !self.server.runs() {
            return;
        }
        self.report.fault("a flood of events");
        if self.nature.stormy && self.chance.one_in(6) {
            self.report.count("storms");
            let left = self.chance.between(40, 120);
            self.later(1, Happening::Storm(left));
        }
        for _ in 0..self.chance.between(1, 12) {
            let tasks = self.server.tasks.clone();
            for key in tasks.into_iter().filter(|key| key.node_id != "ask") {
                let ok = !self.chance.one_in(8);
                self.ended(key, ok);
            }
        }
        self.input(Input::Start { request: 1, dag_id: ROOM.to_owned() });
    }

    /// Somebody who is no client of ours makes a hundred events, and others do so after him.
    pub(super) fn storm(&mut self, left: u64) {
        if !self.server.runs() || self.stopping || self.calm {
            return;
        }
        self.stranger(50);
        if left > 0 {
            self.later(20, Happening::Storm(left - 1));
        }
    }

    /// Somebody who is no client of ours makes so many pairs of events.
    pub(super) fn stranger(&mut self, pairs: usize) {
        self.last_link += 1;
        let conn = self.last_link;
        let pair = r#"{"type":"pause_execution"},{"type":"resume_execution"}"#;
        self.input(Input::Connected { conn, dag_id: ROOM.to_owned() });
        self.input(Input::Frame { conn, text: format!("[{}]", vec![pair; pairs].join(",")) });
        self.input(Input::Disconnected { conn });
    }
}
