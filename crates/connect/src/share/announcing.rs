//! Says to the server, when the connection is made, that this side can encrypt: the client library does not, and Samba then
//! takes it for one that cannot (MS-SMB2 2.2.3, `SMB2_GLOBAL_CAP_ENCRYPTION`).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use smb2::Error;
use smb2::client::Connection;
use smb2::crypto::kdf::PreauthHasher;
use smb2::transport::{ConnectOptions, TcpTransport, TransportReceive, TransportSend};

/// Where the capabilities are in the first message: after its header of 64 bytes and four fields.
const CAPABILITIES: usize = 72;
const ENCRYPTION: u8 = 0x40;

/// A transport whose first message is changed on its way.
struct Announcing {
    transport: TcpTransport,
    sent: Mutex<Option<Vec<u8>>>,
    received: Mutex<Option<Vec<u8>>>,
}

/// One of the two ends of it, of which the library wants each for itself.
struct End(Arc<Announcing>);

/// Connects and agrees with the server on how to speak.
pub(super) async fn negotiate(
    address: &str,
    host: &str,
    options: ConnectOptions,
    set_up: impl FnOnce(&mut Connection),
) -> Result<Connection, Error> {
    let both = Arc::new(Announcing {
        transport: TcpTransport::connect_with(address, options).await?,
        sent: Mutex::default(),
        received: Mutex::default(),
    });
    let (sender, receiver) = (End(Arc::clone(&both)), End(Arc::clone(&both)));
    let mut connection = Connection::from_transport(Box::new(sender), Box::new(receiver), host);
    set_up(&mut connection);
    connection.negotiate().await?;
    // Both sides take the first messages as they were sent into the keys, so that nobody can have changed them on the way.
    connection.with_preauth_hasher_mut(|hasher| {
        *hasher = PreauthHasher::new();
        for message in [&both.sent, &both.received] {
            let message = message.lock().unwrap_or_else(PoisonError::into_inner);
            hasher.update(message.as_deref().unwrap_or_default());
        }
    });
    Ok(connection)
}

#[async_trait]
impl TransportSend for End {
    async fn send(&self, data: &[u8]) -> Result<(), Error> {
        let first = {
            let mut sent = self.0.sent.lock().unwrap_or_else(PoisonError::into_inner);
            if sent.is_some() {
                None
            } else {
                let mut first = data.to_vec();
                if let Some(capabilities) = first.get_mut(CAPABILITIES) {
                    *capabilities |= ENCRYPTION;
                }
                *sent = Some(first.clone());
                Some(first)
            }
        };
        self.0.transport.send(first.as_deref().unwrap_or(data)).await
    }
}

#[async_trait]
impl TransportReceive for End {
    async fn receive(&self) -> Result<Vec<u8>, Error> {
        let frame = self.0.transport.receive().await?;
        let mut received = self.0.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.is_none() {
            *received = Some(frame.clone());
        }
        Ok(frame)
    }
}
