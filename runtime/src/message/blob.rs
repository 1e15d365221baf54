//! Handles: payloads whose bytes lie in a file or a store and never pass through a behaviour (G14).

use std::path::PathBuf;
use std::sync::Arc;

/// A store that claims are checked in to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClaimStore {
    /// In the memory of the run, gone with it. Stores of one name are one store.
    Memory {
        /// Its name.
        name: String,
    },
    /// A folder below the run's output folder.
    Folder {
        /// Its path there.
        path: PathBuf,
    },
    /// A bucket of a server that speaks S3.
    S3(Arc<Bucket>),
}

/// A bucket, and where its server is. Credentials are no part of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The server's address: scheme, host, and port where it is not the scheme's own.
    pub endpoint: String,
    /// Whether the host's name begins with the bucket's. Else the bucket is the first part of every path.
    pub in_host: bool,
    /// The host that is connected to.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// The region that requests are signed for.
    pub region: String,
    /// What the names of all objects begin with: words parted by slashes, or nothing.
    pub prefix: String,
}

impl Bucket {
    /// What references to its objects begin with.
    pub fn begins(&self) -> String {
        let (name, prefix) = (&self.name, &self.prefix);
        if prefix.is_empty() { format!("s3://{name}/") } else { format!("s3://{name}/{prefix}/") }
    }
}

/// Where the bytes of a handle lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlobPlace {
    /// In a file, from the graph's folder.
    File(PathBuf),
    /// In a store of claims, under this name.
    Stored(Arc<ClaimStore>, Arc<str>),
}

/// What a handle tells of the bytes that it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob {
    /// Where they lie.
    pub place: BlobPlace,
    /// How many they are.
    pub length: u64,
}

impl Blob {
    /// What stands in for the bytes wherever a payload's bytes are asked for: a reference, never the content.
    pub fn reference(&self) -> String {
        let place = match &self.place {
            BlobPlace::File(path) => path.to_string_lossy().replace('\\', "/"),
            BlobPlace::Stored(_, name) => name.to_string(),
        };
        serde_json::json!({"handle": place, "length": self.length}).to_string()
    }

    /// Why nobody can look into it.
    pub fn closed(&self) -> String {
        format!("its {} bytes are a handle to {}, which is passed on and not looked into", self.length, self.reference())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::{INLINE_LIMIT, Message, Payload};
    use crate::units::Moment;

    fn handle(length: u64) -> Payload {
        Payload::from_blob(Blob { place: BlobPlace::File("pictures/large.tif".into()), length })
    }

    #[test]
    fn g14_a_handle_tells_its_length_and_keeps_its_bytes_to_itself() {
        let payload = handle(1 << 30);
        assert_eq!((payload.len(), payload.is_empty()), (1 << 30, false));
        assert_eq!(payload.bytes(), r#"{"handle":"pictures/large.tif","length":1073741824}"#);
        assert!(payload.value().unwrap_err().to_string().contains("1073741824 bytes are a handle"));
        assert!(payload.look().is_none());
        assert_eq!(payload.clone(), payload);
        assert_ne!(handle(1), handle(2));
        assert_ne!(Payload::from_bytes(payload.bytes()), payload);
    }

    #[test]
    fn g14_in_a_pipe_a_handle_weighs_as_much_as_its_reference() {
        let message = Message::new(MessageId(1), Moment::START, handle(1 << 30));
        assert!(message.size() < 100, "{}", message.size());
        assert!(message.payload.inline_len() < INLINE_LIMIT);
    }
}
