//! The loop between the browser and the core.
//!
//! Owns the machine of one client and everything it moves: sockets, the timer, the page's listeners, the data plane; must
//! not know why an action is taken. An input is handled in a borrow that ends; then each action is taken out in a borrow
//! that ends, and carried out; what the application's functions do meanwhile waits until no action is left. So no function
//! of the application ever runs inside a borrow.

use super::choices::{Choices, report};
use super::data_plane::{DataPlane, told};
use super::page::{self, Page};
use super::providers::Providers;
use super::receipts::Receipts;
use super::status::Status;
use super::timer::OneTimer;
use super::websocket::{CloseEvent, Socket, SocketEvent};
use super::{clock, convert};
use crate::core::action::Action;
use crate::core::error::Warning;
use crate::core::input::SocketEvent as Told;
use crate::core::input::{Generation, Input, Outgoing, ReceiptId};
use crate::core::machine::Machine;
use js_sys::Function;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn warn(who: &str, message: &str);
}

#[wasm_bindgen(module = "/src/shell/status.js")]
extern "C" {
    fn warning(code: &str, message: &str) -> JsValue;
}

/// Everything of one client.
pub(super) struct Driver {
    me: Weak<Self>,
    /// The driver itself while there is anything to drive: a client that nobody holds keeps its handlers going, as a
    /// `WebSocket` does.
    alive: RefCell<Option<Rc<Self>>>,
    machine: RefCell<Machine<JsValue>>,
    waiting: RefCell<Vec<Input<JsValue>>>,
    performing: Cell<bool>,
    changed: Cell<bool>,
    pub(super) plane: DataPlane,
    pub(super) receipts: Receipts,
    receipt_ids: Cell<ReceiptId>,
    status: Status,
    providers: Providers,
    sockets: RefCell<Vec<Socket>>,
    timer: RefCell<OneTimer>,
    page: RefCell<Option<Page>>,
    client: String,
    should_reconnect: Option<Function>,
    on_warning: Option<Function>,
    _sink: Closure<dyn Fn(u32, JsValue, u32, u32)>,
}

impl Driver {
    /// A client that begins to connect.
    pub(super) fn start(choices: Choices) -> Rc<Self> {
        let driver = Self::new(choices, None);
        driver.input(Input::Start);
        driver.attach();
        driver
    }

    /// A client that is closed, and has the handlers of an earlier one.
    pub(super) fn closed_before(choices: Choices, plane: DataPlane) -> Rc<Self> {
        let driver = Self::new(choices, Some(plane));
        driver.input(Input::WantState(driver.plane.wants_state()));
        driver.input(Input::Close { drain: None });
        driver
    }

    fn new(choices: Choices, plane: Option<DataPlane>) -> Rc<Self> {
        let client = clock::identity();
        let seed = clock::seed() as u64;
        Rc::new_cyclic(|me: &Weak<Self>| {
            let sink = Closure::<dyn Fn(u32, JsValue, u32, u32)>::new({
                let me = me.clone();
                move |kind, value, generation, bytes| {
                    if let Some(me) = me.upgrade() {
                        me.told(kind, value, generation, bytes);
                    }
                }
            });
            let plane = plane.unwrap_or_default();
            plane.serve(sink.as_ref());
            plane.reserve(&choices.names);
            Self {
                me: me.clone(),
                alive: RefCell::default(),
                machine: RefCell::new(Machine::new(clock::now(), seed, choices.options)),
                waiting: RefCell::default(),
                performing: Cell::new(false),
                changed: Cell::new(false),
                receipts: Receipts::new(&plane),
                plane,
                receipt_ids: Cell::new(0),
                status: Status::default(),
                providers: choices.providers,
                sockets: RefCell::default(),
                timer: RefCell::default(),
                page: RefCell::default(),
                client,
                should_reconnect: choices.should_reconnect,
                on_warning: choices.on_warning,
                _sink: sink,
            }
        })
    }

    /// Takes an input. Called from within an action, it waits until those before it are done.
    pub(super) fn input(&self, input: Input<JsValue>) {
        self.waiting.borrow_mut().push(input);
        if self.performing.replace(true) {
            return;
        }
        loop {
            let Some(input) = first(&mut self.waiting.borrow_mut()) else { break };
            self.handle(input);
            while let Some(action) = self.next() {
                self.perform(action);
            }
        }
        self.performing.set(false);
        if self.changed.take() && self.machine.borrow().snapshot().is_final {
            self.rest();
        }
        self.arm();
    }

    /// The browser's events reach the machine from now on, until nothing is left to do.
    pub(super) fn attach(&self) {
        if self.page.borrow().is_some() {
            return;
        }
        self.alive.replace(self.me.upgrade());
        self.page.replace(Some(Page::watch(&self.plane)));
        page::tell(&self.plane);
    }

    /// Turns an event into its text and sends it.
    ///
    /// # Errors
    /// An `EverwireError` if the event cannot be sent.
    pub(super) fn send(&self, event: &JsValue, flags: u32) -> Result<JsValue, JsValue> {
        let id = self.receipt_ids.get().wrapping_add(1);
        let receipt = self.receipts.accept(id, event)?;
        self.receipt_ids.set(id);
        self.input(Input::Send(Outgoing {
            receipt: id,
            bytes: self.receipts.bytes(),
            priority: if flags & 1 == 0 { Default::default() } else { crate::core::input::Priority::High },
            ack: flags & 2 != 0,
        }));
        Ok(receipt)
    }

    pub(super) fn snapshot(&self) -> JsValue {
        self.status.show(|| self.machine.borrow().snapshot())
    }

    fn handle(&self, input: Input<JsValue>) {
        let now = clock::now();
        let mut machine = self.machine.borrow_mut();
        machine.handle(now, Input::Plane(self.plane.read()));
        machine.handle(now, input);
    }

    fn next(&self) -> Option<Action<JsValue>> {
        self.machine.borrow_mut().poll()
    }

    fn perform(&self, action: Action<JsValue>) {
        match action {
            Action::Resolve { call } => {
                if let Some(input) = self.providers.resolve(call, &self.plane) {
                    self.input(input);
                }
            }
            Action::Connect(generation) => self.connect(generation),
            Action::Abandon(generation) => {
                if let Some(socket) = self.take(generation) {
                    socket.abandon(crate::wire::close_code::NORMAL);
                }
            }
            Action::Say { generation, say, joined } => {
                let token = self.providers.token();
                self.with(generation, |socket| socket.outlet.say(say, &token, joined));
            }
            Action::Acknowledge { generation, event } => {
                self.with(generation, |socket| socket.outlet.ack(&event));
            }
            Action::Pong { generation, ping } => {
                self.with(generation, |socket| socket.outlet.pong(&ping));
            }
            Action::Transmit { generation, receipt, id, again, joined } => {
                let id = id.unwrap_or(0) as f64;
                self.with(generation, |socket| socket.outlet.transmit(&self.receipts, receipt, id, again, joined));
            }
            Action::Deliver { payload, id } => {
                self.plane.deliver(&payload);
                if let Some(id) = id {
                    self.input(Input::Handled { id, event: payload });
                }
            }
            Action::DeliverResync { state, continuity, from, to } => {
                let number = |value: u64| value as f64;
                self.plane.deliver_resync(
                    &state.unwrap_or_default(),
                    continuity.name(),
                    from.map(number),
                    to.map(number),
                );
            }
            Action::Settle { receipt, outcome } => self.receipts.settle(receipt, outcome),
            Action::Refused { receipt, nack } => self.receipts.refuse(receipt, &nack),
            Action::Program(registers) => self.plane.program(&registers),
            Action::Changed => {
                self.changed.set(true);
                self.status.outdate();
                self.plane.notify();
            }
            Action::Warn(warning) => self.warn(warning),
        }
    }

    fn connect(&self, generation: Generation) {
        let Some((url, protocols, siblings)) = self.providers.target() else {
            return self.input(Input::Socket(generation, Told::ConstructFailed));
        };
        if let Some(siblings) = siblings {
            self.input(Input::Siblings(siblings));
        }
        let me = self.me.clone();
        let socket = Socket::open(&url, &protocols, generation, &self.plane, &self.client, move |event| {
            let Some(me) = me.upgrade() else { return };
            match event {
                SocketEvent::Opened => me.input(Input::Socket(generation, Told::Opened)),
                SocketEvent::Closed(event) => me.closed(generation, &event),
            }
        });
        match socket {
            Ok(socket) => self.sockets.borrow_mut().push(socket),
            Err(_) => self.input(Input::Socket(generation, Told::ConstructFailed)),
        }
    }

    fn closed(&self, generation: Generation, event: &CloseEvent) {
        drop(self.take(generation));
        let code = event.code().unwrap_or(crate::wire::close_code::ABNORMAL);
        let overrule = self
            .should_reconnect
            .as_ref()
            .and_then(|decide| decide.call1(&JsValue::UNDEFINED, event).inspect_err(report).ok()?.as_bool());
        self.input(Input::Socket(generation, Told::Closed { code, overrule }));
    }

    /// What the data plane does not do on its own.
    fn told(&self, kind: u32, value: JsValue, generation: u32, bytes: u32) {
        self.input(match kind {
            told::EVENT => convert::event(value, self.plane.envelope(), generation, bytes as usize),
            told::MALFORMED => Input::Heard(generation, crate::core::heard::Heard::Malformed),
            told::WANT_STATE => Input::WantState(value.is_truthy()),
            told::SEND_FAILED => Input::Socket(generation, Told::SendFailed),
            told::PAGE => match page::meaning(generation) {
                Some(event) => Input::Page(event),
                None => return,
            },
            told::ANSWERED => match self.providers.answered(generation, value) {
                Some(input) => input,
                None => return,
            },
            _ => convert::reserved(kind - told::RESERVED, value, generation, &self.client),
        });
    }

    fn warn(&self, what: Warning) {
        match &self.on_warning {
            Some(tell) => {
                let _ = tell.call1(&JsValue::UNDEFINED, &warning(what.code(), what.message())).inspect_err(report);
            }
            None => warn("everwire:", what.message()),
        }
    }

    /// Sets the timer to the machine's deadline.
    fn arm(&self) {
        let deadline = self.machine.borrow().deadline().map(|(at, _)| at);
        let me = self.me.clone();
        self.timer.borrow_mut().arm(clock::now().mono, deadline, move || {
            if let Some(me) = me.upgrade() {
                me.woken();
            }
        });
    }

    fn woken(&self) {
        self.timer.borrow_mut().clear();
        let due = self.machine.borrow().deadline().is_some_and(|(at, _)| at <= clock::now().mono);
        if due { self.input(Input::Tick) } else { self.arm() }
    }

    /// Nothing will happen until the application asks: lets go of everything but the handlers.
    fn rest(&self) {
        self.page.replace(None);
        self.sockets.borrow_mut().clear();
        self.providers.leave();
        self.alive.replace(None);
    }

    fn take(&self, generation: Generation) -> Option<Socket> {
        let mut sockets = self.sockets.borrow_mut();
        let place = sockets.iter().position(|socket| socket.generation == generation)?;
        Some(sockets.swap_remove(place))
    }

    fn with(&self, generation: Generation, act: impl FnOnce(&Socket)) {
        if let Some(socket) = self.sockets.borrow().iter().find(|socket| socket.generation == generation) {
            act(socket);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.plane.release();
    }
}

/// The first of a few, taken out: a queue would be more of the module.
fn first<T>(all: &mut Vec<T>) -> Option<T> {
    if all.is_empty() { None } else { Some(all.remove(0)) }
}
