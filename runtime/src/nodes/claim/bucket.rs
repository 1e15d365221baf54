//! Which bucket of which server a store of claims in S3 is: its settings, read once.

use crate::message::Bucket;
use crate::node::Form;
use url::{Host, Url};

/// Reads it. What is wrong is a problem at its setting; what comes back then is never used.
pub fn read(form: &mut Form<'_>) -> Bucket {
    let mut text = |name: &str| form.text(name).unwrap_or_default().trim().to_owned();
    let (name, endpoint, region, prefix) = (text("bucket"), text("endpoint"), text("region"), text("prefix"));
    if !is_bucket(&name) {
        let message = if name.is_empty() { "a store in S3 is a bucket".to_owned() } else { format!("`{name}` cannot be a bucket") };
        form.problem(
            "bucket",
            message,
            "name it: 3 to 63 lower-case letters, digits, hyphens and dots, first and last a letter or a digit",
        );
    }
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        form.problem("region", format!("`{region}` cannot be a region"), "letters, digits and hyphens, such as eu-central-1");
    }
    let prefix = prefix.trim_matches('/').to_owned();
    if !prefix.is_empty() && !prefix.split('/').all(is_part) {
        form.problem(
            "prefix",
            format!("`{prefix}` cannot begin the names of payloads"),
            "words of letters, digits, hyphens, underscores and dots, parted by slashes",
        );
    }
    if endpoint.is_empty() {
        return amazon(name, region, prefix);
    }
    let Some((endpoint, host, port)) = address(&endpoint) else {
        form.problem(
            "endpoint",
            format!("`{endpoint}` is no address of a server"),
            "http or https, host and port, and no more: https://s3.example.org or http://127.0.0.1:9000",
        );
        return amazon(name, region, prefix);
    };
    Bucket { name, endpoint, in_host: false, host, port, region, prefix }
}

/// A bucket of Amazon's: under its own name, so that a grant to connect is one to this bucket. A name with dots fits no certificate, so there
/// the bucket is in the path (Amazon S3 User Guide, virtual hosting of buckets).
fn amazon(name: String, region: String, prefix: String) -> Bucket {
    let in_host = !name.contains('.');
    let host = if in_host { format!("{name}.s3.{region}.amazonaws.com") } else { format!("s3.{region}.amazonaws.com") };
    Bucket { name, endpoint: format!("https://{host}"), in_host, host, port: 443, region, prefix }
}

/// Scheme, host and port of an address, as one text; host; port.
fn address(text: &str) -> Option<(String, String, u16)> {
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let host = url.host().map(|host: Host<&str>| host.to_string()).filter(|host| !host.is_empty())?;
    let port = url.port_or_known_default()?;
    let known = matches!(url.scheme(), "http" | "https") && bare && anonymous;
    known.then(|| (url.as_str().trim_end_matches('/').to_owned(), host, port))
}

fn is_bucket(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let outer = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let mut bytes = name.bytes();
    (3..=63).contains(&name.len()) && bytes.all(inner) && outer(name.bytes().next()) && outer(name.bytes().last()) && !name.contains("..")
}

fn is_part(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !part.is_empty() && part.bytes().all(fits) && !part.bytes().all(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::script::problems;
    use crate::nodes::claim::check_in::CHECK_IN;
    use crate::setting::Setting;

    fn told(settings: &[(&'static str, &str)]) -> Vec<String> {
        let all = std::iter::once(("store", Setting::word("s3"))).chain(settings.iter().map(|(name, text)| (*name, Setting::text(*text))));
        problems(&CHECK_IN, all)
    }

    #[test]
    fn settings_that_fit_are_no_problem_and_others_say_why() {
        for fits in [
            &[("bucket", "claims-2026.eu")][..],
            &[("bucket", "abc"), ("endpoint", "http://127.0.0.1:9000/"), ("region", "eu-central-1"), ("prefix", "/a/b_c/")],
            &[("bucket", "abc"), ("endpoint", "https://[::1]:1"), ("prefix", "")],
        ] {
            assert_eq!(told(fits), [""; 0], "{fits:?}");
        }
        for (wrong, word) in [
            (&[][..], "a store in S3 is a bucket"),
            (&[("bucket", "No")], "`No` cannot be a bucket"),
            (&[("bucket", "a..b")], "cannot be a bucket"),
            (&[("bucket", "-abc")], "cannot be a bucket"),
            (&[("bucket", "abc"), ("endpoint", "localhost:9000")], "no address of a server"),
            (&[("bucket", "abc"), ("endpoint", "http://user:word@host")], "no address of a server"),
            (&[("bucket", "abc"), ("endpoint", "http://host/path")], "no address of a server"),
            (&[("bucket", "abc"), ("endpoint", "ftp://host")], "no address of a server"),
            (&[("bucket", "abc"), ("region", "eu/x")], "cannot be a region"),
            (&[("bucket", "abc"), ("prefix", "a//b")], "cannot begin the names"),
            (&[("bucket", "abc"), ("prefix", "a/../b")], "cannot begin the names"),
        ] {
            let told = told(wrong);
            assert!(told.len() == 1 && told[0].contains(word), "{wrong:?}: {told:?}");
        }
    }

    #[test]
    fn amazon_is_connected_to_under_the_name_of_the_bucket() {
        let bucket = amazon("claims".into(), "eu-central-1".into(), "a/b".into());
        assert_eq!((bucket.host.as_str(), bucket.port, bucket.in_host), ("claims.s3.eu-central-1.amazonaws.com", 443, true));
        assert_eq!(
            (bucket.endpoint.as_str(), bucket.begins()),
            ("https://claims.s3.eu-central-1.amazonaws.com", "s3://claims/a/b/".into())
        );
        let dotted = amazon("claims.eu".into(), "us-east-1".into(), String::new());
        assert_eq!(
            (dotted.host.as_str(), dotted.in_host, dotted.begins()),
            ("s3.us-east-1.amazonaws.com", false, "s3://claims.eu/".into())
        );
    }

    #[test]
    fn an_address_is_read_once() {
        assert_eq!(address("http://127.0.0.1:9000/"), Some(("http://127.0.0.1:9000".into(), "127.0.0.1".into(), 9000)));
        assert_eq!(address("https://s3.example.org"), Some(("https://s3.example.org".into(), "s3.example.org".into(), 443)));
    }
}
