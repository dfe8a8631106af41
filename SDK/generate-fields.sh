#!/bin/sh
# Writes CSluice/include/sluice/fields.h, the list of every field of every entity, from adapter.h and services.h. Run it
# after a change of either; the layout tests fail when it was forgotten.
set -eu
cd "$(dirname "$0")"
headers='CSluice/include/sluice/adapter.h CSluice/include/sluice/services.h'

# One line a field: "order price". A struct's body stands between "struct sluice_NAME {" and a line beginning with "}".
fields() {
    awk '
        /^(typedef )?struct sluice_[a-z_0-9]+ \{/ {
            entity = $0; sub(/^(typedef )?struct sluice_/, "", entity); sub(/ \{.*/, "", entity)
            sub(/_1_[0-9]+$/, "", entity); inside = 1; pending = ""; next
        }
        inside && /^}/ { inside = 0; next }
        !inside { next }
        {
            line = $0
            while (1) {  # drop comments, also those that run over several lines
                if (comment) {
                    end = index(line, "*/"); if (!end) { line = ""; break }
                    line = substr(line, end + 2); comment = 0
                }
                start = index(line, "/*"); if (!start) break
                rest = substr(line, start + 2); end = index(rest, "*/")
                if (end) line = substr(line, 1, start - 1) substr(rest, end + 2)
                else { line = substr(line, 1, start - 1); comment = 1; break }
            }
            pending = pending " " line
            if (line !~ /;[ ]*$/) next
            count = split(pending, declarations, ";"); pending = ""
            for (i = 1; i < count; i++) {
                name = declarations[i]
                if (match(name, /\(\*[a-z_0-9]+\)/)) name = substr(name, RSTART + 2, RLENGTH - 3)
                else { sub(/\[[0-9]+\][ ]*$/, "", name); sub(/[ ]+$/, "", name); sub(/^.*[ *]/, "", name) }
                print entity, name
            }
        }
    ' $headers
}

if [ "${1:-}" = --list ]; then
    fields
    exit 0
fi

fields | awk '
    BEGIN {
        print "/*"
        print " * sluice/fields.h: every field of every entity of adapter.h and services.h, and where it stands."
        print " *"
        print " * SLUICE_AT_<entity>_<field> is the offset of a field, SLUICE_SIZE_<entity> the size that this header knows. They are"
        print " * for languages and tools that read entities by offset. Written by generate-fields.sh; do not edit."
        print " */"
        print "#ifndef SLUICE_FIELDS_H"
        print "#define SLUICE_FIELDS_H"
        print ""
        print "#include <sluice/services.h>"
        print "#include <stddef.h>"
        print ""
        print "enum {"
    }
    $1 != entity { entity = $1; printf "%s    SLUICE_SIZE_%s = sizeof(sluice_%s),\n", (NR > 1 ? "\n" : ""), entity, entity }
    { printf "    SLUICE_AT_%s_%s = offsetof(sluice_%s, %s),\n", $1, $2, $1, $2 }
    END { print "    SLUICE_FIELDS_END = 0\n};\n\n#endif /* SLUICE_FIELDS_H */" }
' > CSluice/include/sluice/fields.h
