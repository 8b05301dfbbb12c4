//! Forms with a file (RFC 7578), from memory: the guard has read and limited the body already.

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use futures_util::{TryStreamExt, stream};

/// Most parts of a form (S-30 allows 100; ours have fewer than ten).
const PARTS_MAX: usize = 20;

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// What the browser calls the file, for a file.
    pub file_name: Option<String>,
    /// Its value.
    pub body: Bytes,
}

impl Part {
    /// The value as text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }
}

/// Reads a form. `None` when it is none: the sender is no browser.
pub async fn read_form(headers: &HeaderMap, body: Bytes) -> Option<Vec<Part>> {
    let limit = body.len();
    let body = stream::iter([Ok::<_, PayloadError>(body)]);
    let mut form = Multipart::new(headers, body);
    let mut parts = Vec::new();
    while let Some(mut field) = form.try_next().await.ok()? {
        if parts.len() == PARTS_MAX {
            return None;
        }
        let disposition = field.content_disposition()?;
        let name = disposition.get_name()?.to_owned();
        let file_name = disposition.get_filename().map(str::to_owned);
        let body = field.bytes(limit).await.ok()?.ok()?;
        parts.push(Part {
            name,
            file_name,
            body,
        });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----x7";

    fn parse(kind: &str, body: impl Into<Vec<u8>>) -> Option<Vec<Part>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).ok()?);
        let body = Bytes::from(body.into());
        futures_util::FutureExt::now_or_never(read_form(&headers, body)).expect("all is in memory")
    }

    fn body(file: &str) -> Vec<u8> {
        format!(
            "------x7\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n\
             ------x7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n\
             ------x7--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn fields_and_files_are_read() {
        let body = body("a,b\r\n\r\n1,2\r\n--x7");
        let parts = parse(KIND, body.clone()).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(
            (parts[0].name.as_str(), parts[0].text()),
            ("csrf", Some("token"))
        );
        assert_eq!(parts[1].name, "file");
        assert_eq!(parts[1].file_name.as_deref(), Some("a b.csv"));
        assert_eq!(&parts[1].body[..], b"a,b\r\n\r\n1,2\r\n--x7");
        let quoted = parse("multipart/form-data; boundary=\"----x7\"", body);
        assert_eq!(quoted.unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let whole = body("x");
        for (kind, body) in [
            ("text/plain; boundary=----x7", whole.as_slice()),
            ("multipart/form-data", &whole),
            ("multipart/form-data; boundary=other", &whole),
            (KIND, &whole[..whole.len() - 6]),
            (KIND, b""),
            (KIND, b"------x7\r\n\r\nno head\r\n------x7--"),
        ] {
            assert_eq!(parse(kind, body), None, "{kind}");
        }
        let part = "------x7\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
        let many = format!("{}------x7--\r\n", part.repeat(PARTS_MAX + 1));
        assert_eq!(parse(KIND, many), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in "[-x7\r\n:;=\"a]{0,80}") {
            let _ = parse(KIND, bytes.as_bytes());
            let _ = parse(&bytes, "x");
        }

        #[test]
        fn a_file_comes_through_as_it_is(file in "[-x\r\n,a]{0,60}") {
            prop_assume!(!file.contains("\r\n------x7"));
            let whole = body(&file);
            prop_assert_eq!(&parse(KIND, whole).unwrap()[1].body[..], file.as_bytes());
        }
    }
}
