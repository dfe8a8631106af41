import json
print(json.dumps({"counts":{}, "violations":[]}))
