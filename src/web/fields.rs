//! Forms of the register, field by field: a name may come several times, and a name that is not ours is refused.

use uuid::Uuid;

/// The field that is missing or not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField(pub String);

/// The fields of a body.
#[derive(Clone, Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a body that may hold these fields, besides the form's token and key.
    ///
    /// # Errors
    /// Names a field that is not among them.
    pub fn parse(body: &[u8], allowed: &[&str]) -> Result<Self, BadField> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let odd = fields
            .iter()
            .find(|(name, _)| !allowed.contains(&name.as_str()) && name != "csrf" && name != "key");
        match odd {
            Some((name, _)) => Err(BadField(name.chars().take(40).collect())),
            None => Ok(Self(fields)),
        }
    }

    /// The first value of a field as it was typed; empty when it is not there.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.list(name).next().unwrap_or_default().to_owned()
    }

    /// All values of a field.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// A number; `None` when the field is not there or empty.
    ///
    /// # Errors
    /// When it holds something else.
    pub fn number(&self, name: &str) -> Result<Option<i64>, BadField> {
        match self.text(name).trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| BadField(name.to_owned())),
        }
    }

    /// The idempotency key.
    ///
    /// # Errors
    /// When there is none.
    pub fn key(&self) -> Result<Uuid, BadField> {
        self.text("key")
            .parse()
            .map_err(|_| BadField("key".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_not_ours_are_named() {
        let fields = Fields::parse(b"csrf=x&key=7&a=1&a=2", &["a"]).unwrap();
        assert_eq!(fields.list("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.number("a"), Ok(Some(1)));
        assert_eq!(fields.number("b"), Ok(None));
        assert!(fields.key().is_err());
        assert_eq!(
            Fields::parse(b"status=available", &["a"]).unwrap_err(),
            BadField("status".to_owned())
        );
    }
}
