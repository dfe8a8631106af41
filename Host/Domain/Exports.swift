// Exact numbers are part of every floor's vocabulary: whoever imports Domain has them.
@_exported public import Exact
