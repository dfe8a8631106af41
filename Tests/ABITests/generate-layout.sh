#!/bin/sh
# Writes the layout files of the ABI minor from adapter.h and services.h of SDK/CSluice:
#   layout-1.0.golden      what the released layout is: sizes, alignments, offsets
#   layout-1.0.c           the same as assertions, for C and C++ compilers
#   Layout+Imported.swift  what Swift makes of the imported structs, to be compared with the golden file
# Once the minor is released, a difference to the golden file is a break of the ABI, not a reason to run this.
set -eu
cd "$(dirname "$0")"
sdk=../../SDK
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$sdk/generate-fields.sh" --list > "$work/fields"

awk '
    BEGIN { print "#include <sluice/services.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {" }
    $1 != entity {
        entity = $1
        printf "    printf(\"%s %%zu %%zu\\n\", sizeof(sluice_%s), _Alignof(sluice_%s));\n", entity, entity, entity
    }
    { printf "    printf(\"%s.%s %%zu\\n\", offsetof(sluice_%s, %s));\n", $1, $2, $1, $2 }
    END { print "    return 0;\n}" }
' "$work/fields" > "$work/print.c"
cc -std=c11 -I "$sdk/CSluice/include" -o "$work/print" "$work/print.c"
"$work/print" > layout-1.0.golden

awk '
    BEGIN {
        print "/* Written by generate-layout.sh from layout-1.0.golden; do not edit. */"
        print "#include <sluice/services.h>"
        print "#include <stddef.h>"
        print "#ifdef __cplusplus"
        print "#define CHECK(what) static_assert(what, #what)"
        print "#define ALIGNMENT(type) alignof(type)"
        print "#else"
        print "#define CHECK(what) _Static_assert(what, #what)"
        print "#define ALIGNMENT(type) _Alignof(type)"
        print "#endif"
    }
    NF == 3 {
        printf "\nCHECK(sizeof(sluice_%s) == %s);\nCHECK(ALIGNMENT(sluice_%s) == %s);\n", $1, $2, $1, $3
    }
    NF == 2 { split($1, name, "."); printf "CHECK(offsetof(sluice_%s, %s) == %s);\n", name[1], name[2], $2 }
' layout-1.0.golden > layout-1.0.c

awk '
    BEGIN {
        print "// Written by generate-layout.sh; do not edit."
        print "import CSluice"
        print ""
        print "/// The layout of the imported structs, as lines of the golden file."
        print "func importedLayout() -> [String] {"
        print "    var lines: [String] = []"
        print "    func line(_ name: String, _ numbers: Int?...) {"
        print "        lines.append(name + numbers.map { \" \\($0 ?? -1)\" }.joined())"
        print "    }"
    }
    NF == 3 {
        size = sprintf("\"%s\", MemoryLayout<sluice_%s>.size,", $1, $1)
        alignment = sprintf("MemoryLayout<sluice_%s>.alignment)", $1)
        if (length(size alignment) > 110) printf "    line(\n        %s\n        %s\n", size, alignment
        else printf "    line(%s %s\n", size, alignment
    }
    NF == 2 {
        split($1, name, ".")
        arguments = sprintf("\"%s\", MemoryLayout<sluice_%s>.offset(of: \\.%s))", $1, name[1], name[2])
        if (length(arguments) > 110) sub(/, /, ",\n        ", arguments)
        if (arguments ~ /\n/) printf "    line(\n        %s\n", arguments
        else printf "    line(%s\n", arguments
    }
    END { print "    return lines\n}" }
' layout-1.0.golden > Layout+Imported.swift
