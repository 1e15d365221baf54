//! The one test program: every module is one subject.

mod tidy;
