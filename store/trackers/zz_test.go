package trackers_test
import ("testing";"asapi/internal/testserver";"time";"fmt";"os";"io")
func TestScratchPhases(t *testing.T){ b:=newBench(t,testserver.Postgres(t)); 
 t0:=time.Now()
 task:=b.begin(b.client,"x","import-trackers")
 n:=0
 _,err:=b.runWith(task, streaming("file", func() io.ReadCloser { n++; fmt.Fprintln(os.Stderr,"open",n,time.Since(t0)); return made(50000) }), b.catalog); if err!=nil {t.Fatal(err)}
 fmt.Fprintln(os.Stderr,"end",time.Since(t0))
}
