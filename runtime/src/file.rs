//! Reading and writing graph files: RON, with comments and unknown parts kept. (to be written)
