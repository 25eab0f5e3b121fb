//! A network that fails on cue: a proxy before a server that knows where a client's packets begin
//! and end, and does something to the connection when a statement says certain words.

use std::io::{Error, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use super::address::Address;

/// `COM_BINLOG_DUMP`: from then on the server sends its log.
const DUMP: u8 = 0x12;

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The server gets the statement and executes it; the connection is cut when it replies.
    LoseReply,
    /// The connection is cut before the server gets the statement.
    LoseRequest,
    /// The server gets the statement; then nothing passes any more, and nobody is told.
    SwallowReply,
    /// Nothing passes any more from this statement on, and nobody is told.
    SwallowRequest,
    /// The statement passes, but nothing passes any more between the server and those who read its
    /// log, and nobody is told.
    SwallowStreams,
}

/// Which of the statements that say the words are meant.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// The so-manieth, from 1.
    The(u64),
    /// Each so-manieth.
    Every(u64),
    /// Each so-manieth since the first that says these words, too.
    EverySince(&'static str, u64),
}

/// A running proxy; it is gone when dropped, and all its connections with it.
pub struct Proxy {
    address: Address,
    shared: Arc<Shared>,
}

struct Shared {
    server: (String, u16),
    rules: Mutex<Vec<Rule>>,
    lines: Mutex<Vec<Arc<Line>>>,
    closed: AtomicBool,
}

struct Rule {
    words: &'static str,
    when: When,
    deed: Deed,
    seen: u64,
    struck: u64,
}

/// A client's connection and the one to the server.
struct Line {
    client: TcpStream,
    server: TcpStream,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The client reads the log.
    Streaming,
    /// Is cut when the server answers.
    Doomed,
    /// Is cut.
    Cut,
    /// Nothing passes.
    Hole,
}

impl Proxy {
    /// Starts before a server.
    pub fn before(server: &Address) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = Address { host: "127.0.0.1".to_owned(), port, ..server.clone() };
        let shared = Arc::new(Shared {
            server: (server.host.clone(), server.port),
            rules: Mutex::default(),
            lines: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let ear = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if ear.closed.load(Ordering::SeqCst) {
                    return;
                }
                Arc::clone(&ear).carry(client.unwrap());
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// From now on does `deed` when a statement of zosc's run says `words`, and what stands behind
    /// each ` … ` in them after what stands before it.
    pub fn on(&self, words: &'static str, when: When, deed: Deed) -> &Self {
        let rule = Rule { words, when, deed, seen: 0, struck: 0 };
        lock(&self.shared.rules).push(rule);
        self
    }

    /// How often something was done.
    pub fn struck(&self) -> u64 {
        lock(&self.shared.rules).iter().map(|rule| rule.struck).sum()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.address.port)));
        for line in lock(&self.shared.lines).iter() {
            line.set(State::Cut);
        }
    }
}

impl Shared {
    /// Carries what both sides say, each in a thread of its own.
    fn carry(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect((self.server.0.as_str(), self.server.1)) else {
            return; // As if the server itself had refused.
        };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let state = Mutex::new(State::Open);
        let line = Arc::new(Line { client, server, state });
        lock(&self.lines).push(Arc::clone(&line));
        let back = Arc::clone(&line);
        thread::spawn(move || back.carry_down());
        thread::spawn(move || {
            // An error is the end of a connection, as the other side will see.
            line.carry_up(&self).unwrap_or_default();
            line.end();
        });
    }

    /// What is to be done about a statement.
    fn deed(&self, statement: &[u8]) -> Option<Deed> {
        let mut deed = None;
        for rule in lock(&self.rules).iter_mut() {
            if !is_of_a_run(statement) || !says(statement, rule.words) {
                continue;
            }
            if let (0, When::EverySince(first, _)) = (rule.seen, rule.when)
                && !says(statement, first)
            {
                continue;
            }
            rule.seen += 1;
            let strikes = match rule.when {
                When::The(number) => rule.seen == number,
                When::Every(number) | When::EverySince(_, number) => {
                    rule.seen.is_multiple_of(number)
                }
            };
            if strikes && deed.is_none() {
                rule.struck += 1;
                deed = Some(rule.deed);
            }
        }
        deed
    }

    fn swallow_streams(&self) {
        for line in lock(&self.lines).iter().filter(|line| line.state() == State::Streaming) {
            line.set(State::Hole);
        }
    }
}

impl Line {
    fn carry_up(&self, shared: &Shared) -> Result<(), Error> {
        let (mut client, mut server) = (&self.client, &self.server);
        loop {
            let mut header = [0; 4];
            client.read_exact(&mut header)?;
            let [a, b, c, number] = header;
            let mut packet = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
            client.read_exact(&mut packet)?;
            if self.state() == State::Hole {
                continue;
            }
            // Only a command begins a conversation.
            if number == 0 {
                if packet.first() == Some(&DUMP) {
                    self.set(State::Streaming);
                }
                match shared.deed(&packet) {
                    None => {}
                    Some(Deed::LoseReply) => self.set(State::Doomed),
                    Some(Deed::LoseRequest) => {
                        self.set(State::Cut);
                        return Ok(());
                    }
                    Some(Deed::SwallowReply) => self.set(State::Hole),
                    Some(Deed::SwallowRequest) => {
                        self.set(State::Hole);
                        continue;
                    }
                    Some(Deed::SwallowStreams) => shared.swallow_streams(),
                }
            }
            server.write_all(&header)?;
            server.write_all(&packet)?;
        }
    }

    fn carry_down(&self) {
        let mut chunk = vec![0; 1 << 16];
        let (mut client, mut server) = (&self.client, &self.server);
        while let Ok(length @ 1..) = server.read(&mut chunk) {
            match self.state() {
                State::Open | State::Streaming => {
                    if client.write_all(&chunk[..length]).is_err() {
                        break;
                    }
                }
                State::Doomed => self.set(State::Cut),
                State::Hole | State::Cut => {}
            }
        }
        self.end();
    }

    /// One side has ended: the other is told, unless nothing passes any more.
    fn end(&self) {
        if self.state() != State::Hole {
            self.set(State::Cut);
        }
    }

    fn state(&self) -> State {
        *lock(&self.state)
    }

    fn set(&self, state: State) {
        *lock(&self.state) = state;
        if state == State::Cut {
            for stream in [&self.client, &self.server] {
                // It may have ended by itself.
                stream.shutdown(Shutdown::Both).unwrap_or_default();
            }
        }
    }
}

/// Such a statement is marked with the run's number; those that draw the plan have none.
fn is_of_a_run(statement: &[u8]) -> bool {
    let number = statement.get(1..).and_then(|sql| sql.strip_prefix(b"/* zosc "));
    number.and_then(|sql| sql.first()).is_some_and(u8::is_ascii_digit)
}

fn says(statement: &[u8], words: &str) -> bool {
    let mut rest = statement;
    words.split(" … ").all(|part| {
        let at = rest.windows(part.len()).position(|window| window == part.as_bytes());
        rest = at.map_or(rest, |at| &rest[at + part.len()..]);
        at.is_some()
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
