//! A gate before an LDAP server, through which everything goes but the setting of certain passwords: so that accounts
//! stay half made.

use std::{
    io::{self, Read, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::LabError;

/// Of an LDAP message: a sequence (X.690, 8.9).
const SEQUENCE: u8 = 0x30;
/// Of an operation: an extended request (RFC 4511, section 4.12).
const EXTENDED: u8 = 0x77;
/// A longer request is none of ours.
const LONGEST: usize = 1 << 24;

/// What becomes of a password that is not to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTheGate {
    /// It goes through like everything else.
    Passes,
    /// The connection is cut before the server hears of it.
    IsCut,
    /// Nothing more goes through on its connection.
    Waits,
}

/// A gate before a server that speaks plain LDAP on 127.0.0.1.
#[derive(Debug)]
pub struct LdapGate {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    server: u16,
    /// Whose passwords are meant: names with this in them.
    whose: Vec<u8>,
    then: Mutex<AtTheGate>,
    met: AtomicUsize,
}

impl LdapGate {
    /// A gate before the server on this port, for passwords of entries whose names have `whose` in them (`uid=ada,`).
    pub fn before(server: u16, whose: &str, then: AtTheGate) -> Result<Self, LabError> {
        let none_free = |error: io::Error| LabError::NoneFree {
            what: "port for a gate",
            why: error.to_string(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(none_free)?;
        let port = listener.local_addr().map_err(none_free)?.port();
        let state = Arc::new(State {
            server,
            whose: whose.as_bytes().to_vec(),
            then: Mutex::new(then),
            met: AtomicUsize::new(0),
        });
        let guarding = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&guarding);
                // Whoever goes away in the middle of a message ends the connection, as at the server itself.
                thread::spawn(move || drop(state.serve(&client)));
            }
        });
        Ok(Self { port, state })
    }

    /// Where the gate is.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Lets such passwords pass or not, from now on.
    pub fn then(&self, then: AtTheGate) {
        *self.state.then() = then;
    }

    /// How many came that were not let through.
    pub fn met(&self) -> usize {
        self.state.met.load(Ordering::SeqCst)
    }
}

impl State {
    fn then(&self) -> MutexGuard<'_, AtTheGate> {
        self.then.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server))?;
        let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let passed = self.pass(client, &server);
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
        passed
    }

    fn pass(&self, mut client: &TcpStream, mut server: &TcpStream) -> io::Result<()> {
        loop {
            let message = message(&mut client)?;
            if self.is_meant(&message) {
                match *self.then() {
                    AtTheGate::Passes => {}
                    AtTheGate::IsCut => {
                        self.met.fetch_add(1, Ordering::SeqCst);
                        return Ok(());
                    }
                    AtTheGate::Waits => {
                        self.met.fetch_add(1, Ordering::SeqCst);
                        return io::copy(&mut client, &mut io::sink()).map(drop);
                    }
                }
            }
            server.write_all(&message)?;
        }
    }

    /// An extended request that names one of those; the client sends no other extended request with a name.
    fn is_meant(&self, message: &[u8]) -> bool {
        let is_extended = message.iter().take(16).any(|byte| *byte == EXTENDED);
        let mut windows = message.windows(self.whose.len());
        is_extended && windows.any(|window| window.eq_ignore_ascii_case(&self.whose))
    }
}

/// The next message with its head.
fn message(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; 2];
    client.read_exact(&mut head)?;
    let length = match head.as_slice() {
        [SEQUENCE, short] if *short < 0x80 => usize::from(*short),
        [SEQUENCE, long] if (0x81..=0x84).contains(long) => {
            let mut octets = vec![0; usize::from(long & 0x7f)];
            client.read_exact(&mut octets)?;
            head.extend_from_slice(&octets);
            octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet))
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let start = head.len();
    head.resize(start + length, 0);
    if let Some(body) = head.get_mut(start..) {
        client.read_exact(body)?;
    }
    Ok(head)
}
