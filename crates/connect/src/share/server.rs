//! A connection to one share: files and folders opened, listed, changed and closed. Links are opened themselves, never what
//! they lead to.

use std::time::Duration;

use smb2::client::{Connection, Session};
use smb2::msg::close::CloseRequest;
use smb2::msg::create::{
    CreateAction, CreateDisposition, CreateRequest, CreateResponse, ImpersonationLevel, ShareAccess,
};
use smb2::msg::query_directory::{
    FileInformationClass, QueryDirectoryFlags, QueryDirectoryRequest, QueryDirectoryResponse,
};
use smb2::msg::query_info::{InfoType, QueryInfoRequest, QueryInfoResponse};
use smb2::msg::set_info::SetInfoRequest;
use smb2::pack::{Pack, ReadCursor, Unpack};
use smb2::transport::ConnectOptions;
use smb2::types::flags::FileAccessMask;
use smb2::types::status::NtStatus;
use smb2::types::{Command, Dialect, FileId, OplockLevel, TreeId};
use smb2::{Tree, client::Cipher};
use tenure_core::document::{SharePlace, ShareProtection};
use tenure_core::secret::Secret;

use super::announcing::negotiate;
use super::security::Security;
use super::trouble::ShareError;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long one answer may take.
const ANSWERING: Duration = Duration::from_secs(30);

/// Rights that an opened file or folder is asked for.
pub(super) mod access {
    pub(in super::super) const LIST: u32 = 0x0000_0001;
    pub(in super::super) const READ_ATTRIBUTES: u32 = 0x0000_0080;
    pub(in super::super) const WRITE_ATTRIBUTES: u32 = 0x0000_0100;
    pub(in super::super) const DELETE: u32 = 0x0001_0000;
    pub(in super::super) const READ_RIGHTS: u32 = 0x0002_0000;
    pub(in super::super) const WRITE_RIGHTS: u32 = 0x0004_0000;
    pub(in super::super) const WRITE_OWNER: u32 = 0x0008_0000;
    pub(super) const SYNCHRONIZE: u32 = 0x0010_0000;
}

const FOLDER: u32 = 0x10;
const READ_ONLY: u32 = 0x01;
const LINK: u32 = 0x400;

const FOLDERS_ONLY: u32 = 0x0000_0001;
const OPEN_LINK_ITSELF: u32 = 0x0020_0000;

const OWNER: u32 = 1;
const RIGHTS: u32 = 4;

const BASIC: u8 = 4;
const INTERNAL: u8 = 6;
const RENAME: u8 = 10;
const DISPOSITION: u8 = 13;

/// How much of a folder is listed at once, in bytes.
const LISTED: u32 = 64 << 10;

/// A share of a file server, signed in to.
pub(super) struct Server {
    connection: Connection,
    tree: TreeId,
}

/// Who signs in.
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
}

/// An opened file or folder. It has to be closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handle {
    id: FileId,
    attributes: u32,
    /// Whether it was made just now.
    pub(super) is_new: bool,
}

/// What becomes of a folder that is not there when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    IsNone,
    IsMade,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    /// What the server tells it from all others by; 0 when it does not say.
    pub(super) index: u64,
    attributes: u32,
}

impl Listed {
    pub(super) fn is_folder(&self) -> bool {
        self.attributes & FOLDER != 0 && self.attributes & LINK == 0
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.attributes & READ_ONLY != 0
    }
}

impl Handle {
    pub(super) fn is_folder(&self) -> bool {
        self.attributes & FOLDER != 0
    }

    pub(super) fn is_link(&self) -> bool {
        self.attributes & LINK != 0
    }
}

impl Server {
    /// Connects and signs in. Without the protection that is asked for nothing is sent but the sign-in itself.
    pub(super) async fn connect(
        place: &SharePlace,
        login: Login<'_>,
        protection: ShareProtection,
    ) -> Result<Self, ShareError> {
        let SharePlace { host, port, share } = place;
        let doing = format!("connecting to smb://{host}:{port}/{share}");
        let wrong = |error: smb2::Error| ShareError::client(&doing, &error);
        let address = format!("{host}:{port}");
        let options = ConnectOptions::with_timeout(CONNECTING);
        let set_up = |connection: &mut Connection| {
            connection.set_compression_requested(false);
            connection.set_response_timeout(Some(ANSWERING));
            connection.set_send_timeout(Some(ANSWERING));
        };
        let name = host.trim_matches(['[', ']']);
        let mut connection = negotiate(&address, name, options, set_up).await.map_err(wrong)?;
        let (domain, user) = login.user.split_once('\\').unwrap_or(("", login.user));
        let session = Session::setup(&mut connection, user, login.password.expose(), domain)
            .await
            .map_err(wrong)?;
        if !session.should_sign {
            let hint = "it must take a named user, and sign what it sends";
            return Err(ShareError::lasting(
                format!("{doing}: the server signs nothing"),
                hint,
            ));
        }
        if protection == ShareProtection::Encrypted && !session.should_encrypt {
            encrypt(&connection, &session).ok_or_else(|| {
                let hint = "it takes SMB 3; where that cannot be, `protection: signed` does without";
                ShareError::lasting(format!("{doing}: the server cannot encrypt"), hint)
            })?;
        }
        let tree = Tree::connect(&mut connection, share).await.map_err(wrong)?;
        if tree.is_dfs {
            let hint = "write the server and the share that the namespace leads to";
            return Err(ShareError::lasting(
                format!("{doing}: it is a DFS namespace, whose folders are elsewhere"),
                hint,
            ));
        }
        if tree.encrypt_data && !connection.should_encrypt() {
            encrypt(&connection, &session).ok_or_else(|| {
                ShareError::lasting(
                    format!("{doing}: the share asks for encryption that the server cannot do"),
                    "",
                )
            })?;
        }
        Ok(Self {
            connection,
            tree: tree.tree_id,
        })
    }

    /// Opens a file or folder; none when it is not there.
    pub(super) async fn open(&self, path: &str, access: u32) -> Result<Option<Handle>, ShareError> {
        self.opened(path, access, CreateDisposition::FileOpen, OPEN_LINK_ITSELF)
            .await
    }

    /// Opens a folder, or makes it; none when it is not there and not made. A file of that name is an error.
    pub(super) async fn open_folder(
        &self,
        path: &str,
        access: u32,
        missing: Missing,
    ) -> Result<Option<Handle>, ShareError> {
        let disposition = match missing {
            Missing::IsNone => CreateDisposition::FileOpen,
            Missing::IsMade => CreateDisposition::FileOpenIf,
        };
        self.opened(path, access, disposition, OPEN_LINK_ITSELF | FOLDERS_ONLY)
            .await
    }

    async fn opened(
        &self,
        path: &str,
        access: u32,
        create_disposition: CreateDisposition,
        create_options: u32,
    ) -> Result<Option<Handle>, ShareError> {
        let doing = format!("opening `{path}`");
        let request = CreateRequest {
            requested_oplock_level: OplockLevel::None,
            impersonation_level: ImpersonationLevel::Impersonation,
            desired_access: FileAccessMask::new(access | access::READ_ATTRIBUTES | access::SYNCHRONIZE),
            file_attributes: 0,
            share_access: ShareAccess(
                ShareAccess::FILE_SHARE_READ | ShareAccess::FILE_SHARE_WRITE | ShareAccess::FILE_SHARE_DELETE,
            ),
            create_disposition,
            create_options,
            name: path.to_owned(),
            create_contexts: Vec::new(),
        };
        match self.ask(&doing, Command::Create, &request).await? {
            Ok(body) => {
                let answer: CreateResponse = read(&doing, &body)?;
                Ok(Some(Handle {
                    id: answer.file_id,
                    attributes: answer.file_attributes,
                    is_new: answer.create_action == CreateAction::FileCreated,
                }))
            }
            Err(NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND) => Ok(None),
            Err(NtStatus::NOT_A_DIRECTORY) => {
                let hint = "there is a file where a folder should be; remove it, or write another path";
                Err(ShareError::lasting(format!("`{path}` is no folder"), hint))
            }
            Err(status) => Err(ShareError::status(&doing, status)),
        }
    }

    /// Closes what was opened. What cannot be closed is closed with the connection.
    pub(super) async fn close(&self, handle: Handle) {
        let request = CloseRequest {
            flags: 0,
            file_id: handle.id,
        };
        let _ = self
            .connection
            .execute(Command::Close, &request, Some(self.tree))
            .await;
    }

    /// What the server tells an opened file or folder from all others by; 0 when it does not say.
    pub(super) async fn index(&self, handle: Handle) -> Result<u64, ShareError> {
        let bytes = self
            .query("asking which folder it is", handle, InfoType::File, INTERNAL, 0)
            .await?;
        Ok(bytes
            .first_chunk()
            .copied()
            .map(u64::from_le_bytes)
            .unwrap_or_default())
    }

    /// The owner and the rights of an opened folder.
    pub(super) async fn security(&self, handle: Handle) -> Result<Security, ShareError> {
        let doing = "reading the rights of the folder";
        let bytes = self
            .query(doing, handle, InfoType::Security, 0, OWNER | RIGHTS)
            .await?;
        Security::read(&bytes)
            .ok_or_else(|| ShareError::lasting(format!("{doing}: the answer cannot be read"), ""))
    }

    async fn query(
        &self,
        doing: &str,
        handle: Handle,
        info_type: InfoType,
        file_info_class: u8,
        additional_information: u32,
    ) -> Result<Vec<u8>, ShareError> {
        let request = QueryInfoRequest {
            info_type,
            file_info_class,
            output_buffer_length: LISTED,
            additional_information,
            flags: 0,
            file_id: handle.id,
            input_buffer: Vec::new(),
        };
        let answer = self.ask(doing, Command::QueryInfo, &request).await?;
        let body = answer.map_err(|status| ShareError::status(doing, status))?;
        Ok(read::<QueryInfoResponse>(doing, &body)?.output_buffer)
    }

    /// Writes the rights of an opened folder, as [`Security::with_entry`] gives them.
    pub(super) async fn set_rights(&self, handle: Handle, descriptor: Vec<u8>) -> Result<(), ShareError> {
        let doing = "writing the rights of the folder";
        self.set(doing, handle, InfoType::Security, 0, RIGHTS, descriptor)
            .await
    }

    /// Writes the owner of an opened folder.
    pub(super) async fn set_owner(&self, handle: Handle, descriptor: Vec<u8>) -> Result<(), ShareError> {
        let doing = "writing the owner of the folder";
        self.set(doing, handle, InfoType::Security, 0, OWNER, descriptor)
            .await
    }

    /// Gives an opened folder another place on the share, where there must be nothing.
    pub(super) async fn rename(&self, handle: Handle, to: &str) -> Result<(), ShareError> {
        let name: Vec<u8> = to.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // Nothing is replaced, and the path is from the top of the share.
        let mut buffer = vec![0; 16];
        buffer.extend(u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
        buffer.extend(name);
        buffer.resize(buffer.len().max(24), 0);
        let doing = format!("moving it to `{to}`");
        self.set(&doing, handle, InfoType::File, RENAME, 0, buffer).await
    }

    /// Lets an opened file or empty folder be gone once it is closed.
    pub(super) async fn delete(&self, handle: Handle) -> Result<(), ShareError> {
        self.set("deleting it", handle, InfoType::File, DISPOSITION, 0, vec![1])
            .await
    }

    /// Makes an opened file one that can be deleted.
    pub(super) async fn make_writable(&self, handle: Handle) -> Result<(), ShareError> {
        // No time is changed, and the attributes are those of a file that has none.
        let mut buffer = vec![0; 32];
        buffer.extend(0x80u32.to_le_bytes());
        buffer.extend([0; 4]);
        self.set(
            "taking the write protection away",
            handle,
            InfoType::File,
            BASIC,
            0,
            buffer,
        )
        .await
    }

    async fn set(
        &self,
        doing: &str,
        handle: Handle,
        info_type: InfoType,
        file_info_class: u8,
        additional_information: u32,
        buffer: Vec<u8>,
    ) -> Result<(), ShareError> {
        let request = SetInfoRequest {
            info_type,
            file_info_class,
            additional_information,
            file_id: handle.id,
            buffer,
        };
        let answer = self.ask(doing, Command::SetInfo, &request).await?;
        answer
            .map(drop)
            .map_err(|status| ShareError::status(doing, status))
    }

    /// The next lines of an opened folder's listing, `.` and `..` among them; none at its end.
    pub(super) async fn list(&self, folder: Handle) -> Result<Vec<Listed>, ShareError> {
        let doing = "listing the folder";
        let request = QueryDirectoryRequest {
            file_information_class: FileInformationClass::FileIdBothDirectoryInformation,
            flags: QueryDirectoryFlags(0),
            file_index: 0,
            file_id: folder.id,
            output_buffer_length: LISTED,
            file_name: "*".to_owned(),
        };
        match self.ask(doing, Command::QueryDirectory, &request).await? {
            Ok(body) => {
                let answer: QueryDirectoryResponse = read(doing, &body)?;
                listed(&answer.output_buffer)
                    .ok_or_else(|| ShareError::lasting(format!("{doing}: the answer cannot be read"), ""))
            }
            Err(NtStatus::NO_MORE_FILES) => Ok(Vec::new()),
            Err(status) => Err(ShareError::status(doing, status)),
        }
    }

    /// The body of an answer, or the status that is no success.
    async fn ask(
        &self,
        doing: &str,
        command: Command,
        request: &(dyn Pack + Sync),
    ) -> Result<Result<Vec<u8>, NtStatus>, ShareError> {
        match self.connection.execute(command, request, Some(self.tree)).await {
            Ok(frame) if frame.header.status.is_success() => Ok(Ok(frame.body)),
            Ok(frame) => Ok(Err(frame.header.status)),
            Err(error) => match error.status() {
                Some(status) => Ok(Err(status)),
                None => Err(ShareError::client(doing, &error)),
            },
        }
    }
}

/// From now on everything is encrypted; none when the server has no way to do so.
fn encrypt(connection: &Connection, session: &Session) -> Option<()> {
    let negotiated = connection.params()?;
    let cipher = match (negotiated.dialect, negotiated.cipher) {
        (_, Some(cipher)) => cipher,
        (Dialect::Smb3_0 | Dialect::Smb3_0_2, None) => Cipher::Aes128Ccm,
        _ => return None,
    };
    let mut connection = connection.clone();
    connection.activate_encryption(
        session.encryption_key.clone()?,
        session.decryption_key.clone()?,
        cipher,
    );
    Some(())
}

fn read<T: Unpack>(doing: &str, body: &[u8]) -> Result<T, ShareError> {
    T::unpack(&mut ReadCursor::new(body)).map_err(|error| ShareError::client(doing, &error))
}

/// Reads a listing (MS-FSCC 2.4.17).
fn listed(mut bytes: &[u8]) -> Option<Vec<Listed>> {
    let number = |bytes: &[u8], at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
    };
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let next = usize::try_from(number(bytes, 0)?).ok()?;
        let length = usize::try_from(number(bytes, 60)?).ok()?;
        let index = u64::from_le_bytes(*bytes.get(96..)?.first_chunk::<8>()?);
        let name = bytes.get(104..)?.get(..length)?;
        let units: Vec<u16> = name
            .as_chunks::<2>()
            .0
            .iter()
            .map(|unit| u16::from_le_bytes(*unit))
            .collect();
        all.push(Listed {
            name: String::from_utf16_lossy(&units),
            index,
            attributes: number(bytes, 56)?,
        });
        match next {
            0 => break,
            next => bytes = bytes.get(next..)?,
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_listing_ends_whatever_is_sent(bytes in proptest::collection::vec(0u8..8, 0..400)) {
            if let Some(lines) = listed(&bytes) {
                prop_assert!(lines.len() <= bytes.len());
            }
        }
    }
}
