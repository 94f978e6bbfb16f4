package scan_test

// The beginning of lines as callers write them. {…} is filled in by maker.word.
var (
	corpusGATK = []string{
		`##ALT=<ID=NON_REF,Description="Represents any possible alternative allele not already represented at this location by REF and ALT">`,
		`##FILTER=<ID=LowQual,Description="Low quality">`,
		`##FILTER=<ID=VQSRTrancheSNP99.00to99.90,Description="Truth sensitivity tranche level for SNP model at VSQ Lod: -10.0 <= x < 3.7">`,
		`##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths for the ref and alt alleles in the order listed">`,
		`##FORMAT=<ID=PGT,Number=1,Type=String,Description="Physical phasing haplotype information, describing how the alternate alleles are phased in relation to one another">`,
		`##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Normalized, Phred-scaled likelihoods for genotypes as defined in the VCF specification">`,
		`##INFO=<ID=BaseQRankSum,Number=1,Type=Float,Description="Z-score from Wilcoxon rank sum test of Alt Vs. Ref base qualities">`,
		`##INFO=<ID=FS,Number=1,Type=Float,Description="Phred-scaled p-value using Fisher's exact test to detect strand bias">`,
		`##INFO=<ID=ExcessHet,Number=1,Type=Float,Description="Phred-scaled p-value for exact test of excess heterozygosity">`,
		`##INFO=<ID=InbreedingCoeff,Number=1,Type=Float,Description="Inbreeding coefficient as estimated from the genotype likelihoods per-sample when compared against the Hardy-Weinberg expectation">`,
		`##INFO=<ID=SOR,Number=1,Type=Float,Description="Symmetric Odds Ratio of 2x2 contingency table to detect strand bias">`,
		`##GATKCommandLine=<ID=HaplotypeCaller,CommandLine="HaplotypeCaller --emit-ref-confidence GVCF --output /cromwell_root/{sample}.g.vcf.gz --input /cromwell_root/{sample}.bam --reference /cromwell_root/broad-references/hg38/v0/Homo_sapiens_assembly38.fasta --contamination-fraction-to-filter 0.0",Version="4.2.6.1",Date="March 7, 2023 3:14:15 PM UTC">`,
		`##GATKCommandLine=<ID=GenomicsDBImport,CommandLine="GenomicsDBImport --genomicsdb-workspace-path genomicsdb --batch-size 50 --intervals chr1:{6}-{7} --tmp-dir /tmp --seconds-between-progress-updates 10.0",Version="4.1.8.0",Date="2021-06-{2}T{time}Z">`,
		`##GVCFBlock{1}-{2}=minGQ={1}(inclusive),maxGQ={2}(exclusive)`,
		`##reference=file:///gatk/ref/Homo_sapiens/GATK/GRCh38/Sequence/WholeGenomeFasta/Homo_sapiens_assembly38.fasta`,
		`##source=HaplotypeCaller`, `##source=GenotypeGVCFs`,
	}
	corpusDeepVariant = []string{
		`##FILTER=<ID=RefCall,Description="Genotyping model thinks this site is reference.">`,
		`##FILTER=<ID=PASS,Description="All filters passed">`,
		`##INFO=<ID=END,Number=1,Type=Integer,Description="End position (for use with symbolic alleles)">`,
		`##FORMAT=<ID=VAF,Number=A,Type=Float,Description="Variant allele fractions.">`,
		`##FORMAT=<ID=MED_DP,Number=1,Type=Integer,Description="Median DP observed within the GVCF block rounded to the nearest integer.">`,
		`##DeepVariant_version=1.5.0`, `##GLnexusVersion=v1.4.1-0-g{h7}`, `##GLnexusConfigName=DeepVariantWGS`,
		`##GLnexusConfigCRC32C={10}`, `##GLnexusConfig=unifier_config: drop_filtered: false, min_allele_copy_number: 1, min_AQ1: 10`,
		`##contig=<ID=chrUn_KI270742v1,length=186739>`,
	}
	corpusBcftools = []string{
		`##bcftools_viewVersion=1.17+htslib-1.17`,
		`##bcftools_viewCommand=view -S samples.txt -r chr20:{8}-{8} --threads 4 -Oz -o chr20.vcf.gz in.bcf; Date=Mon Jan  9 {time} 2023`,
		`##bcftools_mergeCommand=merge -l /scratch/lists/list_{4}.txt -m none --force-samples -O b; Date=Thu Oct 12 {time} 2023`,
		`##bcftools_normCommand=norm -m -any -f /ref/hs37d5.fa.gz /data/run_{6}/calls.vcf.gz; Date=Fri Apr 28 {time} 2017`,
		`##INFO=<ID=DP4,Number=4,Type=Integer,Description="Number of high-quality ref-forward , ref-reverse, alt-forward and alt-reverse bases">`,
		`##INFO=<ID=MQSB,Number=1,Type=Float,Description="Mann-Whitney U test of Mapping Quality vs Strand Bias (bigger is better)">`,
		`##INFO=<ID=VDB,Number=1,Type=Float,Description="Variant Distance Bias for filtering splice-site artefacts in RNA-seq data (bigger is better)",Version="3">`,
		`##samtoolsVersion=1.9+htslib-1.9`, `##samtoolsCommand=samtools mpileup -g -f /home/{account}/ref/human_g1k_v37.fasta {sample}.bam`,
		`##reference=ftp://ftp-trace.ncbi.nih.gov/1000genomes/ftp/technical/reference/phase2_reference_assembly_sequence/hs37d5.fa.gz`,
		`##fileDate={today}`,
	}
	corpusPlink = []string{
		`##fileDate={today}`, `##source=PLINKv2.00`, `##source=PLINKv1.90`,
		`##INFO=<ID=PR,Number=0,Type=Flag,Description="Provisional reference allele, may not be based on real reference genome">`,
		`##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">`, `##chrSet=<autosomePairCt=22,X,Y,XY,M>`,
	}
	corpusDragen = []string{
		`##DRAGENVersion=<ID=dragen,Version="SW: 07.021.609.3.9.5, HW: 07.021.609">`,
		`##DRAGENCommandLine=<ID=dragen,Date="Tue Aug 16 {time} UTC 2022",CommandLineOptions="-f -r /staging/reference/hg38_alt_aware --fastq-list /staging/fastq_list.csv --fastq-list-sample-id {sample} --output-directory /staging/out --output-file-prefix {sample} --enable-variant-caller true --RGID {h8} --RGSM {sample}">`,
		`##INFO=<ID=R2_5P_bias,Number=1,Type=Float,Description="Score based on mate bias and distance from 5 prime end">`,
		`##FORMAT=<ID=SQ,Number=A,Type=Float,Description="Somatic quality">`,
		`##DRAGEN_RTG_BuildDate={Today}`, `##FORMAT=<ID=MB,Number=4,Type=Integer,Description="Per-sample component statistics to detect mate bias">`,
	}
	corpusIon = []string{
		`##source="tvc 5.10-{2} ({h8}) - Torrent Variant Caller"`, `##basecallerVersion="5.10-11/{h8}"`, `##tmapVersion="5.10.11 ({h8}) ({today}{4})"`,
		`##INFO=<ID=OPOS,Number=A,Type=Integer,Description="List of original allele positions">`, `##deamination_metric=0.{3}`,
		`##manually_input_percent_tumor_cellularity=40`, `##reference=/results/referenceLibrary/tmap-f3/hg19/hg19.fasta`,
		`##parametersName="Generic - PGM (3xx) or S5/P1 (530) - Germ Line - Low Stringency"`, `##ParameterVersion="5.10"`, `##phasing=none`,
		`##fileUTCtime={Today}T{time}`, `##LowCovAssay=12`,
	}
	corpusVEP = []string{
		`##VEP="v104" time="{Today} {time}" cache="/opt/vep/.vep/homo_sapiens/104_GRCh38" ensembl=104.1af1dce ensembl-funcgen=104.59ae779 ClinVar="202012" COSMIC="92" HGMD-PUBLIC="20204" gencode="GENCODE 38" genebuild="2014-07"`,
		`##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|EXON|INTRON|HGVSc|HGVSp">`,
		`##SnpEffVersion="5.0e (build 2021-03-09 {time}), by Pablo Cingolani"`,
		`##SnpEffCmd="SnpEff  GRCh38.99 -noStats /data/{sample}.vcf "`,
		`##INFO=<ID=LOF,Number=.,Type=String,Description="Predicted loss of function effects for this variant. Format: 'Gene_Name | Gene_ID | Number_of_transcripts_in_gene | Percent_of_transcripts_affected'">`,
		`##INFO=<ID=CLNDN,Number=.,Type=String,Description="ClinVar's preferred disease name for the concept specified by disease identifiers in CLNDISDB">`,
		`##INFO=<ID=dbNSFP_SIFT_pred,Number=A,Type=Character,Description="Field 'SIFT_pred' from dbNSFP">`,
		`##INFO=<ID=gnomAD_AF,Number=1,Type=Float,Description="Alternate allele frequency in samples, from Genome Aggregation Database">`,
		`##LoFtool=Loss-of-function tolerance score`,
	}
	corpusStrelka = []string{
		`##source=strelka`, `##source_version=2.9.10`, `##startTime=Wed Sep 28 {time} 2022`, `##cmdline=/opt/strelka/bin/configureStrelkaGermlineWorkflow.py --bam {sample}.bam --referenceFasta /refs/GRCh38/genome.fa --runDir /scratch/{h8}`,
		`##content=strelka germline small-variant calls`, `##FORMAT=<ID=GQX,Number=1,Type=Integer,Description="Empirically calibrated genotype quality score for variant sites, otherwise minimum of (Genotype quality assuming variant position,Genotype quality assuming non-variant position)">`,
		`##Depth_chr1=32.{2}`, `##priorSomaticSnvRate=0.0001`, `##freebayes=v1.3.6-dirty`, `##commandline="freebayes -f /refs/b37/human_g1k_v37.fasta --min-alternate-count 2 -L bams.{4}.txt"`,
		`##INFO=<ID=SAP,Number=A,Type=Float,Description="Strand balance probability for the alternate allele: Phred-scaled upper-bounds estimate of the probability of observing the deviation between SAF and SAR given E(SAF/SAR) ~ 0.5, derived using Hoeffding's inequality">`,
	}
	// corpusTricky are clean lines that look like more.
	corpusTricky = []string{
		`##SAMPLE=<ID={sample},Genomes=Germline;Tumor,Mixture=.3;.7,Description="Patient germline genome;Patient tumor genome">`,
		`##PEDIGREE=<Child={sample},Mother={sample},Father={sample}>`, `##PEDIGREE=<Derived={sample},Original={sample}>`,
		`##pedigreeDB=<https://www.example.org/pedigree/{6}.db>`, `##assembly=ftp://ftp.ncbi.nlm.nih.gov/genomes/all/GCA/000/001/405/GCA_000001405.15_GRCh38`,
		`##dbSNP_BUILD_ID=151`, `##md5sum={h32}`, `##sha256={h64}`, `##runID={today}_A0{4}_0{3}_BHVW{1}DSX3`, `##instrument=NovaSeq6000_A0{4}`,
		`##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>`, `##META=<ID=Disease,Type=String,Number=.,Values=[None, Cancer]>`,
		`##SAMPLE=<ID={sample},Assay=WholeGenome,Ethnicity=AFR,Disease=None,Description="Patient germline genome from unaffected",DOI=10.{4}/nature{5}>`,
		`##INFO=<ID=HPO,Number=.,Type=String,Description="HPO terms, e.g. HP:000{4}, HP:000{4}">`, `##INFO=<ID=MONDO,Number=1,Type=String,Description="MONDO:000{4} Charcot-Marie-Tooth disease">`,
		`##INFO=<ID=OMIM,Number=.,Type=Integer,Description="OMIM entry, as in 619{3} or 219700 for Cystic Fibrosis">`, `##tumor_sample={sample}`, `##normal_sample={sample}`,
		`##contact=genomics-support@lists.example.org`, `##pipeline=nf-core/sarek v3.2.1 (https://nf-co.re/sarek, revision {h40})`,
		`##container=quay.io/biocontainers/gatk4@sha256:{h64}`, `##image=ghcr.io/lab/caller:1.2.{1}`, `##pipeline_user={account}`,
		`##INFO=<ID=AC_Het,Number=A,Type=Integer,Description="Adjusted Heterozygous Counts, Cornelia de Lange syndrome excluded">`,
		`##INFO=<ID=HWE,Number=1,Type=Float,Description="Hardy Weinberg equilibrium, Wigginton 2005">`, `##cluster=node{3}.cluster.example.org`,
		`##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="Difference in length, e.g. -1234567890">`, `##seed={9}`, `##seed={10}`, `##jobid={8}`, `##lims_batch=B{6}`,
		`##INFO=<ID=set,Number=1,Type=String,Description="Source VCF for the merged record in CombineVariants">`, `##fileDate={Today}`, `##fileDate={today}`, `##date={Today}T{time}+02:00`,
		`##source=Mutect2 (Broad Institute)`, `##centre=Wellcome Sanger Institute`, `##phasing=Eagle v2.4.1 with Haplotype Reference Consortium`,
		`##INFO=<ID=MLEAC,Number=A,Type=Integer,Description="Maximum likelihood expectation (MLE) for the allele counts (not necessarily the same as the AC)">`,
		`##commandline=java -Xmx8g -jar /opt/picard/picard.jar GatherVcfs I=/cromwell_root/shard-{2}/{sample}.vcf.gz R=/ref/Homo_sapiens.GRCh37.dna.primary_assembly.fa`,
		`##INFO=<ID=JAK2,Number=0,Type=Flag,Description="In JAK2, KIT, MET or ABL1">`, `##flowcell=H{h8}XX`, `##barcode={12}`, `##library=Illumina TruSeq DNA PCR-Free, lot {8}`,
	}
	corpusTrickyHeld = []string{
		`##INFO=<ID=DISEASE,Number=.,Type=String,Description="Orphanet names such as Prader-Willi syndrome, Ehlers Danlos syndrome, Von Willebrand disease">`,
		`##kit=Agilent SureSelect Human All Exon V7, design S{8}_Covered`, `##reference_panel=Genome of the Netherlands release 5`, `##capture=Twist Bioscience Human Core Exome`,
		`##INFO=<ID=RS,Number=1,Type=Integer,Description="dbSNP ID rs{9}">`, `##INFO=<ID=ALLELEID,Number=1,Type=Integer,Description="the ClinVar Allele ID, e.g. {7}">`,
		`##CL=vcffilter -i filtered-phase-transfer.vcf.gz -o - --javascript "ensureFormatHeader(\"##FORMAT=<ID=PS\")"`, `##RUN-ID={h8}-{h4}-4{h3}-9{h3}-{h12}`,
		`##TEMPLATE-SDF-ID={h8}-{h4}-4{h3}-9{h3}-{h12}`, `##SENTIEON_ID=SentieonCommandLine.Haplotyper`, `##started={Today} {time}`, `##epoch={10}`, `##bytes={11}`, `##size={12}`,
		`##provenance=doi:10.5281/zenodo.{7}`, `##url=https://storage.googleapis.com/deepvariant/case-study-testdata/{sample}.bam`, `##institute=Karolinska Institutet`, `##site=Hospital Clinic Barcelona`,
		`##SAMPLE=<ID={sample},Tissue=Whole Blood,Cell=Peripheral Mononuclear,Sex=Female>`, `##population=Toscani in Italia`, `##INFO=<ID=ASN,Number=1,Type=Float,Description="East Asian, Southern Han Chinese, Kinh in Ho Chi Minh City">`,
		`##support=help@example.org`, `##methods=Cavalli Sforza distance; Smith Waterman alignment; Burrows Wheeler transform; Baum Welch training`,
		`##phenotype=Beckwith Wiedemann syndrome`, `##license=Creative Commons Attribution 4.0`, `##operator=automated`, `##analyst=pipeline`, `##version=2022.03.{2}`, `##chemistry=v1.5 S4 300 cycles, 20{6}`,
	}
)

var corpusFiles = []string{
	"cohort_{4}.vcf.gz", "1000G_phase3_chr{2}.vcf.gz", "{sample}.g.vcf.gz", "joint_calls_{today}.bcf", "study-{2}/chr{2}.dose.vcf.gz", "/data/wgs/batch_{2}/merged.vcf.gz", "ukb_c{2}_b0_v2.bed",
	"Homo_sapiens_assembly38.dbsnp138.vcf", "tumor_normal_{3}.vcf", "rare_disease_freeze_{1}.pgen", "/srv/genomes/Release_2023/Whole_Exome.vcf.gz", "imputed/TOPMed_chr{1}.bgen",
}

// corpusColumns are columns of a sample table that tell of nobody by themselves.
var corpusColumns = [][2]string{
	{"status", "case|control"}, {"hpo", "HP:000{4}|HP:000{4};HP:000{4}|NA"}, {"mondo", "MONDO:000{4}"}, {"icd10", "C50.9|E11.9|I10|G71.0"}, {"age", "{2}"}, {"bmi", "2{1}.{1}"}, {"year_of_birth", "19{2}"},
	{"ancestry", "EUR|AFR|EAS|SAS|AMR"}, {"diagnosis", "Breast Carcinoma|Type 2 Diabetes|Cystic Fibrosis|Charcot-Marie-Tooth disease|Crohn disease|healthy"}, {"tissue", "Whole Blood|Saliva|Skin Biopsy|Bone Marrow"},
	{"center", "Broad Institute|Sanger Institute|University Hospital Basel|Baylor College"}, {"collection_date", "{Today}"}, {"sequencing_date", "{Today}"}, {"batch", "B{2}"}, {"barcode", "{10}"}, {"plate", "LP{7}-DNA_A0{1}"},
	{"pc1", "0.0{6}|-0.0{6}"}, {"read_count", "{9}"}, {"total_bases", "{11}"}, {"library_id", "LIB{6}"}, {"md5", "{h32}"}, {"population", "Yoruba in Ibadan|Han Chinese|Toscani in Italia"}, {"gene", "BRCA1|TP53|KIT|JAK2|MET"},
	{"treatment", "tamoxifen|placebo|none"}, {"platform", "Illumina NovaSeq|Ion Torrent|PacBio Sequel"}, {"notes", "sample was diluted twice|low DNA yield|re-extracted from Whole Blood|none"}, {"family_id", "F{3}"}, {"tumor_stage", "Stage II|Stage IV|Unknown"},
}

// corpusPlants are the forms of personal data.
var corpusPlants = []struct {
	sort, part, text string
	held             bool
}{
	{"e-mail address", "header", `##contact={mail}`, false},
	{"e-mail address", "header", `##SAMPLE=<ID={sample},Genomes=Germline,Contact="{mail}">`, false},
	{"e-mail address", "header", `##INFO=<ID=ZZ,Number=1,Type=String,Description="Calls of the second run, questions to {mail}">`, false},
	{"e-mail address", "header", `##commandline=run_pipeline --in {sample}.bam --notify {mail} --threads 4`, true},
	{"e-mail address", "table", "contact|email|notes\x00{mail}", false},
	{"e-mail address", "table", "V9|remark\x00consented, {mail}", true},
	{"phone number", "header", `##SAMPLE=<ID={sample},Phone="{phone}">`, false},
	{"phone number", "header", `##contact=Laboratory, tel. {phone}`, false},
	{"phone number", "header", `##FORMAT=<ID=QC,Number=1,Type=String,Description="Ask the clinic (phone {phone}) before use">`, false},
	{"phone number", "header", `##lab=Genetics, Fax: {phone}`, true},
	{"phone number", "header", `##hotline=mobile {phone}`, true},
	{"phone number", "table", "phone|telefon|mobile|tel\x00{phone}", false},
	{"phone number", "table", "telephone_number|téléphone|handy\x00{phone}", true},
	{"date of birth", "header", `##SAMPLE=<ID={sample},DOB={date}>`, false},
	{"date of birth", "header", `##SAMPLE=<ID={sample},BirthDate="{date}",Sex=F>`, false},
	{"date of birth", "header", `##INFO=<ID=XX,Number=1,Type=String,Description="Sample of a patient born on {date}">`, false},
	{"date of birth", "header", `##patient={sample}; geb. {date}`, false},
	{"date of birth", "header", `##SAMPLE=<ID={sample},Description="date of birth: {date}">`, true},
	{"date of birth", "header", `##comment=Geburtsdatum {date}`, true},
	{"date of birth", "header", `##comment=née le {date}`, true},
	{"date of birth", "header", `##comment=data di nascita {date}`, true},
	{"date of birth", "table", "dob|birth_date|date_of_birth|geburtsdatum\x00{date}", false},
	{"date of birth", "table", "date_naissance|fecha_nacimiento|BirthDate|geboortedatum\x00{date}", true},
	{"person name", "header", `##SAMPLE=<ID={sample},Name="{G} {L}">`, false},
	{"person name", "header", `##patient={L}, {G}`, false},
	{"person name", "header", `##Donor={G} {L}`, false},
	{"person name", "header", `##SAMPLE=<ID={sample},PatientName={LU}^{GU}>`, false},
	{"person name", "header", `##INFO=<ID=CK,Number=0,Type=Flag,Description="Checked with Dr. {L}">`, false},
	{"person name", "header", `##FORMAT=<ID=RV,Number=1,Type=String,Description="Variant of Mrs {G} {L}, seen twice">`, false},
	{"person name", "header", `##SAMPLE=<ID={sample},Description="Blood of patient {G} {L}">`, false},
	{"person name", "header", `##referring_physician=Prof. {G} {L}`, false},
	{"person name", "header", `##commandline=caller --bam /data/patients/{L}_{G}/aligned.bam --out out.vcf`, false},
	{"person name", "header", `##SAMPLE=<ID={sample},FirstName={G},LastName={L}>`, false},
	{"person name", "header", `##SAMPLE=<ID={sample},Vorname={G},Nachname={L}>`, true},
	{"person name", "header", `##comment=Probe von Herrn {L}`, true},
	{"person name", "header", `##comment=prélevé chez Mme {G} {L}`, true},
	{"person name", "header", `##INFO=<ID=RP,Number=1,Type=String,Description="Reported by {G} {L} after review">`, true},
	{"person name", "header", `##proband={GU} {LU}`, true},
	{"person name", "header", `##SAMPLE=<ID={sample},Mother="{L}, {G}">`, true},
	{"person name", "header", `##input=/mnt/seq/{G}_{L}.bam`, true},
	{"person name", "sample", `{L}_{G}`, false},
	{"person name", "sample", `{GU}_{LU}`, false},
	{"person name", "sample", `{L}^{G}`, false},
	{"person name", "sample", `{G}.{L}`, false},
	{"person name", "sample", `{L}_{G}_1975`, false},
	{"person name", "sample", `{G}-{L}`, true},
	{"person name", "sample", `{G}{L}`, true},
	{"person name", "sample", `{L}, {G}`, true},
	{"person name", "file", `/data/in/{L}_{G}.vcf.gz`, false},
	{"person name", "file", `{G}_{L}_exome.vcf`, false},
	{"person name", "file", `/srv/patients/{G} {L}/calls.bcf`, true},
	{"person name", "table", "name|patient_name|full_name\x00{G} {L}", false},
	{"person name", "table", "last_name|surname|nachname|nom\x00{L}", false},
	{"person name", "table", "first_name|vorname|given_name\x00{G}", false},
	{"person name", "table", "col7|who|remarks\x00{G} {L}", false},
	{"person name", "table", "cognome|apellidos|achternaam|nazwisko\x00{L}", true},
	{"person name", "table", "V5|subject|x\x00{L}, {G}", true},
	{"person name", "table", "physician|contact_person|mother\x00{G} {L}", true},
	{"record number", "header", `##SAMPLE=<ID={sample},MRN={7}>`, false},
	{"record number", "header", `##SAMPLE=<ID={sample},Description="medical record number {8}">`, false},
	{"record number", "header", `##hospital_number=H{7}`, false},
	{"record number", "header", `##SAMPLE=<ID={sample},PatientID={8}>`, false},
	{"record number", "header", `##INFO=<ID=YY,Number=1,Type=String,Description="Chart No. {6}">`, true},
	{"record number", "header", `##comment=Fallnummer {8}`, true},
	{"record number", "header", `##comment=Patientennummer: {7}`, true},
	{"record number", "header", `##comment=n° de dossier {6}`, true},
	{"record number", "table", "mrn|medical_record_number|hospital_no\x00{7}", false},
	{"record number", "table", "MRN_number|patientennummer|chart_number\x00{3}-{2}-{2}", true},
	{"national number", "header", `##SAMPLE=<ID={sample},{label}={number}>`, false},
	{"national number", "header", `##SAMPLE=<ID={sample},Description="{label}: {number}">`, false},
	{"national number", "header", `##INFO=<ID=NN,Number=1,Type=String,Description="of the person with {label} {number}">`, false},
	{"national number", "header", `##comment={label} no. {number}`, true},
	{"national number", "table", "{label}\x00{number}", false},
	{"national number", "table", "id2|col4|external_id\x00{number}", false},
	{"national number", "table", "V3|ref\x00{number}", true},
	{"user name", "header", `##commandline=/home/{i}{ll}/bin/caller --in {sample}.bam`, false},
	{"user name", "header", `##reference=file:///Users/{gl}.{ll}/refs/hg38.fa`, false},
	{"user name", "header", `##cmd=C:\Users\{ll}{i}\tools\caller.exe`, false},
	{"user name", "header", `##command=caller -o /export/home/{ll}/out.vcf`, true},
	{"user name", "header", `##user={gl}{ll}`, true},
	{"user name", "header", `##input=/home/{gl}.{ll}/data/{sample}.bam`, false},
}

// The names of which the scanner has none: the first half is for tuning.
const (
	corpusGiven = `Anneliese Baudouin Corentin Dagmar Eberhard Fiorenza Gwendolyn Hildegard Isolde Jasmina Kornelia Leopoldine Maximiliane Nepomuk Ottilie Philomena Quirin Reinhilde Solveig Thorbjørn
	Ulrike Veronique Wolfhard Xaver Yolanda Zbigniew Aleksandra Bogumila Cezary Dobromir Emerentia Fulgencio Grzegorz Hortensia Ignacy Jadwiga Kacper Lubomir Mieczyslaw Nadezhda
	Oluwaseun Parminder Quetzalli Rukhsana Sivakumar Thandiwe Uchenna Venkatesh Wanjiru Xiuying Yevgenia Zainab Adebayo Bukola Chukwuemeka Dilnoza Esperanza Farzaneh Gulnara Hyacinthe
	Ingeborg Jaroslava Kristoffer Lieselotte Marjolein Niamh Oonagh Pierluigi Quintina Raimondo Siobhan Torvald Ursula Vincenzo Wilhelmina Ximena Yngve Zdenka Aurelien Bronwyn`
	corpusLast = `Brandstetter Castellanos Dombrowski Eichhorn Fitzgibbon Grabowski Hinterseer Iordanescu Jankovics Kristoffersen Lindqvist Mastroianni Niedermayer Oberholzer Pettersson Quattrocchi Rozwadowski Schwarzenbach Tomaszewski Uhlenbeck
	Villanueva Wojciechowski Yamaguchi Zimmerli Abdulrahman Bhattacharya Chatterjee Dlamini Ekwueme Fonseca Gunawardena Haraldsson Igwe Jovanovski Kuznetsova Lewandowska Mukherjee Nwachukwu Olufemi Papadopoulou
	Anagnostou Balasubramanian Czerwinski Delacroix Eskelinen Feldhaus Ghanbari Hofstetter Ivanovic Jagielski Kowalczyk Llewellyn Munárriz Nakashima Oyelaran Przybylski Quispe Rautenberg Sjöberg Tchaikowska
	Ueberroth Vandenberghe Wisniewska Yildirim Zellweger Ahlgren Bürgisser Cunningham Dufourcq Etxeberria Falkenberg Gutiérrez Hakimian Imhof Jørgensen Katsaros Lachenal Montgomery Nikolaidis Oppenheimer`
)
