//! What a report says beyond its reason: the closed list of findings, and how sure each is.

use super::words;

words! {
    /// How sure a finding is.
    Confidence {
        /// The evidence leaves nothing else.
        Certain = "certain",
        /// The evidence points there, and something else is possible.
        Likely = "likely",
        /// The evidence fits, as it would fit other causes.
        Consistent = "consistent with",
    }
}

/// Declares the list: the doc comment of a finding is its explanation in the documentation as well.
macro_rules! findings {
    ($($(#[doc = $explains:literal])+ $variant:ident = $label:literal,)+) => {
        words! {
            /// A sentence of diagnosis.
            Finding {
                $($(#[doc = $explains])+ $variant = $label,)+
            }
        }

        impl Finding {
            /// What it means, in lines of text.
            #[must_use]
            pub const fn explains(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($explains),+],)+ }
            }
        }
    };
}

findings! {
    /// The public way failed and the server itself, asked past whatever is in front of it, worked: the fault lies between.
    FaultBeforeOrigin = "fault_before_origin",
    /// The server itself failed as well: what is in front of it is not to blame, or not alone.
    FaultBehindOrigin = "fault_behind_origin",
    /// The realtime way failed and the traditional webhook answers: callers can be served by it.
    FallbackWorks = "fallback_works",
    /// The realtime way failed and the traditional webhook fails too.
    FallbackFails = "fallback_fails",
}
