use crate::model::text_id;

text_id! {
    /// A person who owns accounts.
    UserId
}
text_id! {
    /// A named set of settings of one user.
    PresetId
}
